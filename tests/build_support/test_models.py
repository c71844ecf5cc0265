"""Built models: what is served for them, and damage that is noticed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from build_support import models, paths


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built model with two shards."""
    monkeypatch.setattr(paths, "MODELS", tmp_path)
    (tmp_path / "shards").mkdir()
    (tmp_path / "tiny").mkdir()
    shards = []
    for body in (b"first", b"second"):
        sha256 = hashlib.sha256(body).hexdigest()
        (tmp_path / "shards" / sha256).write_bytes(body)
        shards.append({"sha256": sha256, "size": len(body)})
    path = tmp_path / "tiny" / "manifest.json"
    path.write_text(json.dumps({"shards": shards}))
    return path


def test_a_model_is_served_as_its_manifest_and_its_own_shards(manifest: Path) -> None:
    (paths.MODELS / "shards" / ("0" * 64)).write_bytes(b"another model's")
    served = models.files(manifest)
    assert list(served)[-1] == "tiny/manifest.json", "put in its place last: what it names is there by then"
    assert served.pop("tiny/manifest.json") == manifest
    assert sorted(path.read_bytes() for path in served.values()) == [b"first", b"second"]


def test_a_whole_model_is_intact(manifest: Path) -> None:
    assert models.intact(manifest)


def test_a_damaged_shard_is_noticed_and_deleted_and_only_it(manifest: Path) -> None:
    damaged, whole = (path for url, path in models.files(manifest).items() if url.startswith("shards/"))
    damaged.write_bytes(b"fIrst")
    assert not models.intact(manifest)
    assert not damaged.exists()
    assert whole.exists()


@pytest.mark.parametrize("text", ["", "{}", "[1", "[]", "null", '{"shards": 1}'])
def test_a_broken_manifest_isnt_intact(manifest: Path, text: str) -> None:
    manifest.write_text(text)
    assert not models.intact(manifest)


def test_a_missing_shard_isnt_intact(manifest: Path) -> None:
    list(models.files(manifest).values())[-1].unlink()
    assert not models.intact(manifest)


def test_a_model_depends_on_what_the_pipeline_imports_and_on_nothing_else(tmp_path: Path) -> None:
    for name, text in {
        "kit/__init__.py": "",
        "kit/pipeline.py": "import json\nfrom kit.parts import wheel\nfrom kit.tools import hammer as h\n",
        "kit/parts/__init__.py": "",
        "kit/parts/wheel.py": "def turn():\n    import kit.late\n",
        "kit/tools.py": "from kit import pipeline\n",
        "kit/late.py": "",
        "kit/cli.py": "from kit import pipeline\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    behind = [path.relative_to(tmp_path).as_posix() for path in models.modules_behind("kit.pipeline", tmp_path)]
    assert behind == [
        "kit/__init__.py",
        "kit/late.py",
        "kit/parts/__init__.py",
        "kit/parts/wheel.py",
        "kit/pipeline.py",
        "kit/tools.py",
    ]
