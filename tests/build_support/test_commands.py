"""What each command of build.py sets in motion, with all that is heavy replaced."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from build_support import browser, checks, cli, doctor, evaluation, making, models, node, paths, processes, serving
from build_support.errors import BuildError
from build_support.node import Node


@pytest.fixture
def did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was done, in order; dist/ is a folder with two megabytes in it."""
    done: list[Any] = []
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "file").write_bytes(bytes(2_000_000))

    def make_site(names: str, origins: Sequence[str] = ()) -> Path:
        done.append(("site", names, list(origins)))
        return dist

    def show(command: Sequence[Any], cwd: Path) -> int:
        done.append([str(part) for part in command])
        return 5

    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    monkeypatch.setattr(making, "make_site", make_site)
    monkeypatch.setattr(processes, "show", show)
    monkeypatch.setattr(browser, "ensure", lambda: done.append("browser"))
    return done


def run(*arguments: str) -> int:
    return cli.run(cli.parse(list(arguments)))


def test_setup_has_nothing_left_to_do_inside_the_environment(did: list[Any]) -> None:
    assert run("setup") == 0
    assert did == []


def test_doctor_ends_as_it_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "doctor", lambda: 1)
    assert run("doctor") == 1


def test_build_makes_the_site_with_the_origins_and_says_where_it_is(
    did: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--models", "lite,full", "--base", "/sub/", "--allow-origin", "https://a.b/"]
    assert run("build", *arguments, "--allow-origin", "https://c.d") == 0
    assert did == [("site", "lite,full", ["https://a.b", "https://c.d"])]
    assert capsys.readouterr().out == "dist/ is ready: 2 MB, to be served at /sub/\n"


def test_an_origin_that_is_none_is_refused_before_anything_is_made(did: list[Any]) -> None:
    with pytest.raises(BuildError):
        run("build", "--allow-origin", "https://a.b", "--allow-origin", "nowhere")
    assert did == []


def test_serve_passes_on_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def serve(folder: Path, names: str | None, **options: Any) -> int:
        asked.append((folder, names, options))
        return 3

    monkeypatch.setattr(serving, "build_and_serve", serve)
    assert run("serve") == 3
    assert run("serve", "--port", "0", "--no-open", "--plain", "--models", "lite,full") == 3
    assert asked == [
        (paths.DIST, None, {"port": 8000, "open_page": True, "plain": False}),
        (paths.DIST, "lite,full", {"port": 0, "open_page": False, "plain": True}),
    ]


@pytest.fixture
def tested(did: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    def check(parts: list[str], wishes: checks.Wishes) -> int:
        did.append((parts, wishes))
        return 1

    monkeypatch.setattr(checks, "run", check)
    return did


def test_test_runs_all_parts_on_a_site_that_was_made(tested: list[Any]) -> None:
    assert run("test") == 1
    assert tested == [("site", "lite,vision,speech,voices", []), (["lint", "unit", "e2e"], checks.Wishes())]


def test_lint_alone_needs_no_site(tested: list[Any]) -> None:
    run("test", "lint")
    assert tested == [(["lint"], checks.Wishes())]


def test_what_is_wished_of_the_tests_reaches_them_and_long_is_no_part(tested: list[Any]) -> None:
    run("test", "unit", "long", "--coverage", "--headed", "-k", "word")
    assert tested[-1] == (["unit"], checks.Wishes(select="word", missing=True, headed=True, long=True))
    run("test", "long")
    assert tested[-1] == (["lint", "unit", "e2e"], checks.Wishes(long=True))


def test_models_are_made_and_said_with_their_size(
    did: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shard").write_bytes(bytes(3_000_000))
    monkeypatch.setattr(models, "build", lambda name: tmp_path / "models" / name / "manifest.json")
    monkeypatch.setattr(models, "files", lambda manifest: {"shards/a": tmp_path / "shard"})
    assert run("models", "lite", "router", "lite") == 0
    said = [line.replace("\\", "/") for line in capsys.readouterr().out.splitlines()]
    assert said == ["lite: models/lite/manifest.json (3 MB)", "router: models/router/manifest.json (3 MB)"]


def test_sources_are_fetched_and_nothing_is_converted(
    did: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def convert(name: str) -> Path:
        raise AssertionError(name)

    monkeypatch.setattr(models, "build", convert)
    monkeypatch.setattr(models, "fetch", lambda name: [Path(f"{name}-1"), Path(f"{name}-2")])
    assert run("models", "--sources", "router") == 0
    assert capsys.readouterr().out == "router-1\nrouter-2\n"


def test_the_data_of_the_tasks_is_no_model(
    did: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluation, "fetch", lambda: tmp_path / "tasks")
    assert run("models", "evaluation") == 0
    assert capsys.readouterr().out == "evaluation: tasks\n"


def test_bench_makes_the_site_with_the_model_that_it_measures(did: list[Any], tmp_path: Path) -> None:
    assert run("bench", "generate", "--model", "full", "--rounds", "2", "--json", str(tmp_path / "figures")) == 5
    assert did == [
        ("site", "lite,full", []),
        "browser",
        [sys.executable, "-m", "bench", "generate", "--model", "full", "--rounds", "2"]
        + ["--json", str((tmp_path / "figures").resolve()), "--site", str(tmp_path / "dist")],
    ]


def test_bench_beside_its_peers_installs_them_first(
    did: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "find", lambda: Node(Path("node"), ()))
    monkeypatch.setattr(node, "install_packages", lambda found, folder: did.append(("npm", folder)))
    assert run("bench", "--peers") == 5
    assert did[:3] == [("site", "lite,vision,speech,voices", []), "browser", ("npm", tmp_path / "bench" / "peers")]
    assert "--peers" in did[3]


def test_a_bench_of_senses_has_a_site_with_them(did: list[Any]) -> None:
    assert run("bench", "speaking", "hearing") == 5
    assert did[0] == ("site", "lite,voices,speech", [])


def test_an_earlier_build_is_passed_on(did: list[Any], tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "index.html").touch()
    assert run("bench", "load", "--before", str(old)) == 5
    assert did[-1][did[-1].index("--before") + 1] == str(old.resolve())


def test_a_bench_that_nobody_knows_is_refused_before_anything_is_made(did: list[Any]) -> None:
    with pytest.raises(SystemExit):
        run("bench", "moon")
    with pytest.raises(SystemExit):
        run("bench", "--rounds", "0")
    assert did == []
