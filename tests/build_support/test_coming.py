"""A list of models says what is being made, while it is, and where nowhere else."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from build_support import coming, making, paths, serving
from build_support.server import StaticServer
from orion_py.registry.built import only_built
from orion_py.registry.load import parse_registry


def listed(*tiers: str) -> bytes:
    """models.json of a site with these models alone."""
    text = (paths.ROOT / "models.json").read_text("utf-8")
    built = [entry.manifest for entry in parse_registry(text).models if entry.tier in tiers]
    return only_built(text, built.__contains__).encode()


def test_names_are_the_tiers_of_the_list() -> None:
    text = parse_registry((paths.ROOT / "models.json").read_text("utf-8"))
    ids = coming.ids_of(["full"], paths.ROOT / "models.json")
    assert ids == {entry.id for entry in text.models if entry.tier == "full"} != set()


@pytest.mark.parametrize("text", ["", "[]", '{"models": 3}', '{"models": ["x"]}'])
def test_a_list_that_cant_be_read_names_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "models.json"
    assert coming.ids_of(["full"], file) == frozenset()
    file.write_text(text)
    assert coming.ids_of(["full"], file) == frozenset()


def test_what_is_being_made_is_marked_in_both_languages_and_the_engine_reads_it() -> None:
    ids = coming.ids_of(["full"], paths.ROOT / "models.json")
    registry = parse_registry(coming.marked(listed("lite"), ids))
    assert {entry.id for entry in registry.coming} == ids
    (entry,) = registry.coming
    assert "is being prepared" in entry.reason.en
    assert "en préparation" in entry.reason.fr
    assert [each.coming for each in registry.absent if each.id not in ids].count(True) == 0, "the large one isn't made"


@pytest.mark.parametrize("text", [b"", b"[]", b'{"absent": 3}', b'{"absent": [{}]}', b"\xff"])
def test_what_is_no_such_list_stays_as_it_is(text: bytes) -> None:
    assert coming.marked(text, {"x"}) == text


def test_a_model_that_is_there_is_not_coming() -> None:
    whole = listed("lite", "full")
    assert coming.marked(whole, coming.ids_of(["full"], paths.ROOT / "models.json")) == whole


def test_what_sees_is_coming_in_place_of_the_model_that_agents_name_until_all_of_it_is_there() -> None:
    ids = coming.ids_of(["vision"], paths.ROOT / "models.json")
    assert ids == {"orion-vision", "orion-vision-logic"}
    text = (paths.ROOT / "models.json").read_text("utf-8")
    whole = parse_registry(text)
    named = {name for entry in whole.absent for name in entry.senses}
    manifests = [entry.manifest for entry in whole.senses if entry.sense == "vision" and entry.id in named]
    for count in range(len(manifests) + 1):
        site = only_built(text, {whole.models[-1].manifest, *manifests[:count]}.__contains__).encode()
        registry = parse_registry(coming.marked(site, ids))
        assert {entry.id for entry in registry.coming} == (set() if count == len(manifests) else ids)


def read(url: str, tag: str = "") -> tuple[int, bytes, str]:
    request = urllib.request.Request(url, headers={"If-None-Match": tag} if tag else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), answer.headers["ETag"]
    except urllib.error.HTTPError as error:
        return error.code, b"", error.headers["ETag"]


def test_the_server_says_so_while_it_is_being_made_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models.json").write_bytes(listed("lite"))
    told: list[tuple[int, list[str]]] = []
    started: list[subprocess.Popen[bytes]] = []

    @contextmanager
    def beside(names: str) -> Iterator[subprocess.Popen[bytes]]:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
            started.append(process)
            yield process

    def visits(server: StaticServer) -> None:
        def look(tag: str = "") -> str:
            status, text, new = read(server.url + "models.json", tag)
            told.append((status, [entry.id for entry in parse_registry(text).coming] if text else []))
            return new

        tag = look()
        assert look(tag) == tag
        started[0].communicate(b"\n")  # the making ends
        look(tag)
        (tmp_path / "models.json").write_bytes(listed("lite", "full"))
        look()
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "now", lambda names, if_made=(): 0)
    monkeypatch.setattr(making, "beside", beside)
    monkeypatch.setattr(StaticServer, "wait", visits)
    assert serving.build_and_serve(tmp_path, None, port=0, open_page=False, plain=False) == 0
    ids = coming.ids_of(serving.THEN, paths.ROOT / "models.json")
    assert [(status, sorted(found)) for status, found in told] == [(200, sorted(ids)), (304, []), (200, []), (200, [])]


def test_dist_itself_never_says_so() -> None:
    assert b'"coming": true' not in listed("lite")
