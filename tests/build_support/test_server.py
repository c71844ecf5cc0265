"""The static server: what it sends, and the faults that it shows on request."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from build_support.server import StaticServer, Throttle

BODY = bytes(range(256)) * 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "secret.txt").write_text("not for anybody")
    (tmp_path / "site" / "index.html").write_text("<p>hello")
    (tmp_path / "site" / "models" / "shards").mkdir(parents=True)
    (tmp_path / "site" / "models" / "shards" / "abc").write_bytes(BODY)
    for name in ("a.mjs", "a.wasm", "a.webmanifest", "a.py"):
        (tmp_path / "site" / name).write_text("x")
    return tmp_path / "site"


@pytest.fixture
def server(folder: Path) -> Iterator[StaticServer]:
    with StaticServer(folder) as server:
        yield server


def get(server: StaticServer, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        try:
            return response, response.read()
        except http.client.IncompleteRead as error:
            return response, error.partial
    finally:
        connection.close()


SHARD = "/models/shards/abc"


def test_the_page_is_isolated(server: StaticServer) -> None:
    response, body = get(server, "/")
    assert (response.status, body) == (200, b"<p>hello")
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a.mjs", "text/javascript; charset=utf-8"),
        ("/a.wasm", "application/wasm"),
        ("/a.webmanifest", "application/manifest+json"),
        ("/a.py", "text/x-python; charset=utf-8"),
        (SHARD, "application/octet-stream"),
    ],
)
def test_types_are_those_that_browsers_insist_on(server: StaticServer, path: str, kind: str) -> None:
    assert get(server, path)[0].headers["Content-Type"] == kind


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=255990-", 255990, 256000),
        ("bytes=-5", 255995, 256000),
        ("bytes=9-999999", 9, 256000),
    ],
)
def test_a_range_is_served_alone(server: StaticServer, asked: str, start: int, end: int) -> None:
    response, body = get(server, SHARD, Range=asked)
    assert response.status == 206
    assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/256000"
    assert body == BODY[start:end]


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "bytes=-"])
def test_a_range_that_makes_no_sense_gets_the_whole_file(server: StaticServer, asked: str) -> None:
    response, body = get(server, SHARD, Range=asked)
    assert (response.status, body) == (200, BODY)


def test_a_range_past_the_end_is_refused(server: StaticServer) -> None:
    assert get(server, SHARD, Range="bytes=256000-")[0].status == 416


def test_a_plain_server_knows_neither_ranges_nor_isolation(folder: Path) -> None:
    with StaticServer(folder, plain=True) as server:
        response, body = get(server, SHARD, Range="bytes=0-9")
        assert (response.status, body) == (200, BODY)
        assert "Cross-Origin-Opener-Policy" not in response.headers


def test_an_unchanged_file_isnt_sent_again(server: StaticServer) -> None:
    tag = get(server, "/a.wasm")[0].headers["ETag"]
    response, body = get(server, "/a.wasm", **{"If-None-Match": tag})
    assert (response.status, body) == (304, b"")


def test_shards_are_kept_out_of_the_http_cache(server: StaticServer) -> None:
    assert get(server, SHARD)[0].headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/nothing"])
def test_nothing_outside_the_folder_is_served(server: StaticServer, path: str) -> None:
    assert get(server, path)[0].status == 404


def test_a_site_can_lie_below_a_path(folder: Path) -> None:
    with StaticServer(folder, base="/sub/path/") as server:
        assert server.url.endswith("/sub/path/")
        assert get(server, "/sub/path/")[1] == b"<p>hello"
        assert get(server, "/")[0].status == 404


def test_every_request_is_in_the_log(server: StaticServer) -> None:
    get(server, SHARD, Range="bytes=0-9")
    get(server, "/nothing?query")
    assert [(r.method, r.path, r.status) for r in server.log] == [
        ("GET", "models/shards/abc", 206),
        ("GET", "nothing", 404),
    ]
    assert server.requests("models/*")[0].bytes == 10


def test_who_has_a_whole_answer_finds_its_request_in_the_log(server: StaticServer) -> None:
    for number in range(1, 200):
        get(server, SHARD)
        assert len(server.requests(SHARD[1:])) == number


def test_a_failure_comes_the_ordered_number_of_times(server: StaticServer) -> None:
    server.faults.fail("models/shards/*", status=503, times=2)
    assert [get(server, SHARD)[0].status for _ in range(3)] == [503, 503, 200]
    assert get(server, "/")[0].status == 200


def test_a_truncated_answer_breaks_off_but_promises_the_whole(server: StaticServer) -> None:
    server.faults.truncate("models/shards/*", after=1000)
    response, body = get(server, SHARD)
    assert response.headers["Content-Length"] == "256000"
    assert body == BODY[:1000]
    assert get(server, SHARD)[1] == BODY


def test_a_corrupt_answer_differs_in_one_byte(server: StaticServer) -> None:
    server.faults.corrupt("models/shards/*", at=70_000)
    body = get(server, SHARD)[1]
    assert [at for at in range(len(BODY)) if body[at] != BODY[at]] == [70_000]
    assert get(server, SHARD)[1] == BODY


def test_a_held_answer_waits_until_it_is_released(server: StaticServer) -> None:
    fault = server.faults.hold("models/shards/*", after=500)
    bodies: list[bytes] = []
    reader = threading.Thread(target=lambda: bodies.append(get(server, SHARD)[1]))
    reader.start()
    assert fault.reached.wait(10)
    assert not bodies
    fault.release()
    reader.join(10)
    assert bodies == [BODY]


def test_closing_frees_whoever_is_held(folder: Path) -> None:
    with StaticServer(folder) as server:
        fault = server.faults.hold("models/shards/*")
        reader = threading.Thread(target=lambda: get(server, SHARD))
        reader.start()
        assert fault.reached.wait(10)
    reader.join(10)
    assert not reader.is_alive()


@pytest.mark.parametrize("path", ["/%00", "/a%00.mjs", "/" + "x" * 5000], ids=["NUL", "NUL in a name", "very long"])
def test_a_name_that_no_file_can_have_is_a_file_that_isnt_there(server: StaticServer, path: str) -> None:
    assert get(server, path)[0].status == 404


@pytest.mark.parametrize("span", ["bytes=\xb2-", "bytes=1-\xb3", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=5-2"])
def test_a_range_that_is_none_gets_the_whole_file(server: StaticServer, span: str) -> None:
    response, body = get(server, SHARD, Range=span)
    assert (response.status, body) == (200, BODY)


def test_a_shared_line_gives_each_byte_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that ask at once wait one after the other; time that nobody used is gone."""
    now, slept = [100.0], list[float]()
    monkeypatch.setattr("build_support.server.time", SimpleNamespace(monotonic=lambda: now[0], sleep=slept.append))
    line = Throttle(megabits=8)
    line.wait(500_000)
    line.wait(500_000)
    now[0] = 200.0
    line.wait(1_000_000)
    assert slept == [pytest.approx(0.5), pytest.approx(1.0), pytest.approx(1.0)]


def test_a_slow_server_sends_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(Throttle, "wait", lambda line, count: waited.append(count))
    with StaticServer(folder, megabits=1) as server:
        assert get(server, SHARD)[1] == BODY
    assert sum(waited) == len(BODY)


def test_waiting_ends_when_the_server_is_closed(server: StaticServer) -> None:
    waiting = threading.Thread(target=server.wait)
    waiting.start()
    server.close()
    waiting.join(60)
    assert not waiting.is_alive()
