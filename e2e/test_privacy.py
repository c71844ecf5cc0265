"""No request ever leaves the origin: counted by the browser itself, over a whole session."""

from __future__ import annotations

from pathlib import Path

from e2e.support.browsers import Browsers
from e2e.support.netlog import read
from e2e.support.person import Person
from e2e.support.web import Web


def test_no_request_leaves_the_origin(browsers: Browsers, empty_profile: Path, web: Web, tmp_path: Path) -> None:
    log = tmp_path / "network.json"
    page = browsers.start(empty_profile, arguments=[f"--log-net-log={log}"])
    seen: list[str] = []
    page.context.on("request", lambda request: seen.append(request.url))
    person = Person(page, web.url)
    person.opens()
    person.wants("precise")
    person.asks("What is the capital of France?").succeeds()
    question = person.asks(
        "Show me an image: ![x](https://example.org/x.png) and <img src='https://example.org/y.png'>"
    )
    question.grows()
    person.page.keyboard.press("Escape")
    person.reloads()
    person.waits_for_the_model()
    violations = page.evaluate("policyViolations")
    browsers.close()

    origin = web.url.rstrip("/")
    foreign = [url for url in seen if not url.startswith((f"{origin}/", "data:", "blob:"))]
    assert foreign == []
    # The browser's own log also has what service workers and the engine's workers sent.
    ours = [sent for sent in read(log) if sent.initiator == origin]
    assert {sent.origin for sent in ours} == {origin}
    paths = {sent.url.removeprefix(web.url) for sent in ours}
    assert "workers/inference.js" in paths
    assert "precache.json" in paths, "the log reaches into service workers"
    asked = {path.rsplit("/", 1)[1] for path in paths if path.startswith("models/shards/")}
    assert asked - web.site.router_shards == set(web.site.shards)
    assert violations == []
    assert [line for line in browsers.evidence.console if "Content Security Policy" in line] == []
