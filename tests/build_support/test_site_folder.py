"""dist/ itself: what is put there, what is left as it is, what goes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from build_support import cell_packages, joined, page_python, paths, python_bundle, site, vendor
from build_support.errors import BuildError
from build_support.joined import Joined
from build_support.node import Node
from build_support.vendor import Vendored
from orion_py.registry.load import parse_registry
from tests.registry.test_load import MODEL
from tests.tiny import manifest_json

LITE = "smollm2-135m-instruct"
NODE = Node(Path("node"), ())


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with a small page, one vendored file, one bundle and one package for people's own Python."""
    for name in ("ROOT", "WEB", "DIST", "MODELS", "KERNEL_BUILDS"):
        monkeypatch.setattr(paths, name, tmp_path / {"ROOT": "."}.get(name, name.lower()))
    for name, text in {
        "web/index.html": "<script src=\"./app.js\"></script> connect-src 'self';",
        "web/app.js": 'import "./bridge/worker/engine/origins.js";',
        "web/bridge/worker/engine/origins.js": '"__ORION_ORIGINS__".split(" ")',
        "web/types.ts": "type A = 1;",
        "web/sw.js": "const VERSION = '__ORION_VERSION__'; // connect-src 'self';",
        "kernel_builds/plain.wasm": "a build",
        "kernel_builds/README.md": "how it was made",
        "made/app.bin": "bundle",
        "made/lib.mjs": "export default 1;\n",
        "models/shards/abc": "weights",
        "models/tiny/manifest.json": '{"shards": [{"sha256": "abc"}]}',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(vendor, "files", lambda: [Vendored("lib/lib.mjs", tmp_path / "made" / "lib.mjs")])
    monkeypatch.setattr(vendor, "licences", lambda: "MIT")
    monkeypatch.setattr(python_bundle, "build", lambda node: [tmp_path / "made" / "app.bin"])
    monkeypatch.setattr(cell_packages, "files", lambda node: {"vendor/python/packages/index.json": b"[]"})
    monkeypatch.setattr(page_python, "files", lambda: {})
    monkeypatch.setattr(joined, "build", lambda node, plan: Joined({}, frozenset()))
    return tmp_path


def build(origins: Sequence[str] = (), with_model: bool = True) -> Path:
    return site.build(NODE, [paths.MODELS / "tiny" / "manifest.json"] if with_model else [], origins)


def held() -> dict[str, bytes]:
    """What dist/ holds, by its URLs."""
    found = paths.DIST.rglob("*")
    return {path.relative_to(paths.DIST).as_posix(): path.read_bytes() for path in found if path.is_file()}


def test_a_site_holds_pages_vendored_files_builds_bundles_and_models_and_no_types() -> None:
    assert build() == paths.DIST
    assert sorted(held()) == [
        "app.js",
        "bridge/worker/engine/origins.js",
        "index.html",
        "kernel/plain.wasm",
        "models/shards/abc",
        "models/tiny/manifest.json",
        "precache.json",
        "sw.js",
        "vendor/LICENSES.txt",
        "vendor/lib/lib.mjs",
        "vendor/python/app.bin",
        "vendor/python/packages/index.json",
    ]


def test_the_service_worker_has_the_version_of_the_list_that_it_reads() -> None:
    build()
    files = held()
    listing = json.loads(files["precache.json"])
    assert files["sw.js"].startswith(f"const VERSION = '{listing['version']}'".encode())
    page = next(file for file in listing["files"] if file["url"] == "index.html")
    assert page["sha256"] == hashlib.sha256(files["index.html"]).hexdigest()
    assert [file["url"] for file in listing["later"]] == ["vendor/python/packages/index.json"]


def test_a_page_that_changed_changes_in_the_site_and_the_rest_isnt_written_again(root: Path) -> None:
    build()
    before = {path: path.stat().st_ino for path in paths.DIST.rglob("*") if path.is_file()}
    (root / "web" / "app.js").write_text('import "./bridge/worker/engine/origins.js"; // changed')
    build()
    again = {path.name for path, number in before.items() if path.stat().st_ino != number}
    assert again == {"app.js", "sw.js", "precache.json"}
    assert held()["app.js"].endswith(b"// changed")


def test_what_belongs_there_no_more_goes_with_its_folders_and_a_file_may_take_their_place(root: Path) -> None:
    build()
    shutil.rmtree(root / "web" / "bridge")
    (root / "web" / "bridge").write_text("a page of that name")
    (root / "web" / "app.js").write_text("")
    build(with_model=False)
    assert held()["bridge"] == b"a page of that name"
    assert not (paths.DIST / "models").exists()


def test_models_are_linked_and_copied_where_the_file_system_cant(monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    shard = paths.MODELS / "shards" / "abc"
    assert (paths.DIST / "models" / "shards" / "abc").samefile(shard)

    def refuse(*_: object) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", refuse)
    shutil.rmtree(paths.DIST)
    build()
    copied = paths.DIST / "models" / "shards" / "abc"
    assert copied.read_bytes() == b"weights"
    assert not copied.samefile(shard)
    assert copied.stat().st_mtime_ns == shard.stat().st_mtime_ns, "so that it isn't copied again"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('fetch("/models.json")', "URLs must be relative: app.js:1 has"),
        ('import "./gone.js";', r"Modules import what isn't there: app.js imports \./gone\.js"),
    ],
)
def test_a_page_with_a_fault_is_refused_and_the_site_stays_as_it_was(root: Path, text: str, said: str) -> None:
    build()
    before = held()
    (root / "web" / "app.js").write_text(text)
    with pytest.raises(BuildError, match=said):
        build()
    assert held() == before


def test_what_npm_packages_write_is_not_ours_to_judge(root: Path) -> None:
    (root / "made" / "lib.mjs").write_text('import "./gone.js"; fetch("/x")')
    build()
    assert b"gone" in held()["vendor/lib/lib.mjs"]


def test_origins_that_are_allowed_reach_the_site() -> None:
    build(["https://a.b", "https://c.d"])
    files = held()
    for name in ("index.html", "sw.js"):
        assert b"connect-src 'self' https://a.b https://c.d;" in files[name]
    assert files["bridge/worker/engine/origins.js"] == b'"https://a.b https://c.d".split(" ")'


def test_a_page_whose_policy_isnt_where_it_was_is_said(root: Path) -> None:
    (root / "web" / "index.html").write_text("<p>")
    with pytest.raises(BuildError, match=r"index\.html should hold .*connect-src 'self'.* once"):
        build(["https://a.b"])


def test_the_registry_offers_only_what_is_in_the_site(root: Path) -> None:
    shutil.copyfile(Path(__file__).resolve().parents[2] / "models.json", root / "models.json")
    (paths.MODELS / "tiny").rename(paths.MODELS / LITE)
    (paths.MODELS / LITE / "manifest.json").write_text(manifest_json())
    for shard in json.loads(manifest_json())["shards"]:
        (paths.MODELS / "shards" / shard["sha256"]).touch()
    site.build(NODE, [paths.MODELS / LITE / "manifest.json"])
    assert [model["id"] for model in json.loads(held()["models.json"])["models"]] == [LITE]


def test_a_general_model_from_the_hub_is_offered_before_the_sites_own_to_all_but_code(root: Path) -> None:
    shutil.copyfile(Path(__file__).resolve().parents[2] / "models.json", root / "models.json")
    for name in (LITE, "brought"):
        (paths.MODELS / name).mkdir()
        (paths.MODELS / name / "manifest.json").write_text(manifest_json())
    for shard in json.loads(manifest_json())["shards"]:
        (paths.MODELS / "shards" / shard["sha256"]).touch()
    entry = MODEL | {"id": "brought", "manifest": "models/brought/manifest.json", "tier": "full"}
    (paths.MODELS / "brought" / "offer.json").write_text(json.dumps(entry))
    site.build(NODE, [paths.MODELS / name / "manifest.json" for name in (LITE, "brought")])
    registry = parse_registry(held()["models.json"])
    usable = {agent.id: registry.usable(agent.models) for agent in registry.agents}
    assert usable["conversation"] == usable["creative"] == ("brought", LITE)
    assert usable["code"] == (LITE,)
    assert "models/brought/offer.json" not in held(), "it is in the list"
    site.build(NODE, [paths.MODELS / LITE / "manifest.json"])
    assert "brought" not in held()["models.json"].decode()


def test_a_model_without_its_shards_is_no_site() -> None:
    (paths.MODELS / "shards" / "abc").unlink()
    with pytest.raises(OSError, match="abc"):
        build()
