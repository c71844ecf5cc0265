"""Which lines of the page's and the workers' JavaScript the browser tests run, as V8 counts them.

A DevTools session of each page starts block coverage in it, and through it in its workers and in theirs, each
stopped until that is done (Chrome DevTools Protocol, domains Profiler and Target). What a worker ran that is ended
within a test is lost with it, so the figures are lower bounds. Service workers aren't a page's, and aren't counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, BrowserType, CDPSession, Error, Page

WEB = Path(__file__).resolve().parents[2] / "web"
COUNTED = ("bridge/", "workers/", "app.js")
ANSWER_MS = 2000
START = (
    ("Profiler.enable", {}),
    ("Profiler.startPreciseCoverage", {"callCount": False, "detailed": True}),
    ("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": False}),
)


class Reached:
    """Of each counted file, which characters ran in any test."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}

    def add(self, scripts: list[dict[str, Any]]) -> None:
        """``scripts`` as Profiler.takePreciseCoverage gives them: an inner range overrides the one around it."""
        for script in scripts:
            name = counted(script["url"])
            if name is None:
                continue
            ranges = [found for function in script["functions"] for found in function["ranges"]]
            size = len((WEB / name).read_text("utf-8"))
            if max((found["endOffset"] for found in ranges), default=0) != size:
                continue  # the scripted engine stands at the real one's address
            seen = self.files.setdefault(name, bytearray(size))
            ran = bytearray(size)
            for found in sorted(ranges, key=lambda r: (r["startOffset"], -r["endOffset"])):
                start, end = found["startOffset"], min(found["endOffset"], len(ran))
                ran[start:end] = bytes([int(found["count"] > 0)]) * (end - start)
            for index, flag in enumerate(ran):
                seen[index] |= flag

    def merge(self, path: Path) -> None:
        """Adds what another process wrote with ``save``."""
        for name, flags in json.loads(path.read_text()).items():
            seen = self.files.setdefault(name, bytearray(len(flags)))
            for index, flag in enumerate(flags):
                seen[index] |= flag == "1"

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({name: "".join(map(str, flags)) for name, flags in self.files.items()}))

    def lines(self, name: str) -> tuple[int, int]:
        """Lines of code of a file that ran, and all of them; blank lines and comments are none."""
        text, flags = (WEB / name).read_text("utf-8"), self.files.get(name, bytearray())
        ran = total = position = 0
        comment = False
        for line in text.splitlines(keepends=True):
            code = line.strip()
            start = position + len(line) - len(line.lstrip())
            position += len(line)
            comment = comment or code.startswith("/*")
            if code and not comment and not code.startswith("//"):
                total += 1
                ran += bool(flags[start : start + len(code)]) and all(flags[start : start + len(code)])
            comment = comment and "*/" not in code
        return ran, total


def counted(url: str) -> str | None:
    """The path below web/ of a script's address, if it is one of those that are counted."""
    path = urlsplit(url).path.lstrip("/")
    return path if path.startswith(COUNTED) and (WEB / path).is_file() else None


class Watch:
    """Counts in every page of the contexts that it is given; ``collect`` before a context closes."""

    def __init__(self, reached: Reached) -> None:
        self._reached = reached
        self._pages: list[tuple[Page, CDPSession, list[_Worker]]] = []

    def watch(self, context: BrowserContext) -> None:
        context.on("page", self._attach)
        for page in context.pages:
            self._attach(page)

    def _attach(self, page: Page) -> None:
        try:
            session = page.context.new_cdp_session(page)
            workers: list[_Worker] = []
            self._pages.append((page, session, workers))

            def send(method: str, parameters: dict[str, Any]) -> None:
                session.send(method, parameters)

            session.on("Target.attachedToTarget", lambda event: workers.append(_Worker(send, event)))
            session.on("Target.receivedMessageFromTarget", lambda event: _deliver(workers, event))
            for method, parameters in START:
                session.send(method, parameters)
        except Error:
            return  # closed meanwhile

    def collect(self) -> None:
        """Takes what ran so far in pages and workers that are still there."""
        for page, session, workers in self._pages:
            try:
                self._reached.add(session.send("Profiler.takePreciseCoverage")["result"])
                asked = [answer for worker in workers for answer in worker.take()]
                waited = 0
                while waited < ANSWER_MS and not all(answer.came for answer in asked):
                    page.wait_for_timeout(50)
                    waited += 50
                for answer in asked:
                    self._reached.add(answer.scripts)
            except Error:
                continue  # it is gone
        self._pages = [kept for kept in self._pages if not kept[0].is_closed()]


class _Answer:
    def __init__(self) -> None:
        self.came = False
        self.scripts: list[dict[str, Any]] = []


class _Worker:
    """A worker as its parent's session reaches it: messages wrapped in messages."""

    def __init__(self, parent: Callable[[str, dict[str, Any]], None], event: dict[str, Any]) -> None:
        self.id, self._parent = event["sessionId"], parent
        self.workers: list[_Worker] = []
        self._answers: dict[int, _Answer] = {}
        self._count = 0
        for method, parameters in START:
            self.send(method, parameters)
        self.send("Runtime.runIfWaitingForDebugger", {})

    def send(self, method: str, parameters: dict[str, Any]) -> int:
        self._count += 1
        message = json.dumps({"id": self._count, "method": method, "params": parameters})
        self._parent("Target.sendMessageToTarget", {"sessionId": self.id, "message": message})
        return self._count

    def _nested(self, method: str, parameters: dict[str, Any]) -> None:
        self.send(method, parameters)

    def take(self) -> list[_Answer]:
        """Asks this worker and those that it made."""
        answer = _Answer()
        try:
            self._answers[self.send("Profiler.takePreciseCoverage", {})] = answer
        except Error:
            answer.came = True  # ended
        return [answer, *(inner for worker in self.workers for inner in worker.take())]

    def hear(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Target.attachedToTarget":
            self.workers.append(_Worker(self._nested, message["params"]))
        elif message.get("method") == "Target.receivedMessageFromTarget":
            _deliver(self.workers, message["params"])
        elif message.get("id") in self._answers:
            answer = self._answers[message["id"]]
            answer.came = True
            answer.scripts = message.get("result", {}).get("result", [])


def _deliver(workers: list[_Worker], event: dict[str, Any]) -> None:
    for worker in workers:
        if worker.id == event["sessionId"]:
            worker.hear(json.loads(event["message"]))


def install(watch: Watch) -> None:
    """From now on every context of this process is counted, however a test opens it."""

    def wrapped(kind: Any, name: str) -> None:
        opened = getattr(kind, name)

        def opening(self: Any, *arguments: Any, **options: Any) -> BrowserContext:
            context: BrowserContext = opened(self, *arguments, **options)
            watch.watch(context)
            return context

        setattr(kind, name, opening)

    def collected(kind: Any) -> None:
        closed = kind.close

        def closing(self: Any, *arguments: Any, **options: Any) -> None:
            watch.collect()
            closed(self, *arguments, **options)

        kind.close = closing

    wrapped(Browser, "new_context")
    wrapped(BrowserType, "launch_persistent_context")
    collected(BrowserContext)
    collected(Browser)


def report(folder: Path) -> list[str]:
    """A line for each file, the least reached first, and one for all, of what the runs left in ``folder``."""
    reached = Reached()
    for path in sorted(folder.glob("*.json")):
        reached.merge(path)
    names = [path.relative_to(WEB).as_posix() for path in sorted(WEB.rglob("*.js"))]
    rows = {name: reached.lines(name) for name in names if name.startswith(COUNTED)}
    rows = dict(sorted(rows.items(), key=lambda row: row[1][0] / max(row[1][1], 1)))
    ran, total = (sum(row[index] for row in rows.values()) for index in (0, 1))
    return [f"  {a / max(b, 1):6.1%}  {name}" for name, (a, b) in [*rows.items(), ("all JavaScript", (ran, total))]]


if __name__ == "__main__":
    print("Lines of JavaScript that the browser tests run:", *report(Path(sys.argv[1])), sep="\n")
