"""The workers of a page: which there are, and how a test slows or ends them while an answer is being written."""

from __future__ import annotations

from playwright.sync_api import Page, Worker, expect

from e2e.support.person import Answer, Person
from e2e.support.waiting import until

HOLD = """count => {
  const post = self.postMessage.bind(self);
  let left = count;
  self.postMessage = (...message) => { if (left-- > 0) post(...message); };
}"""
SLOW = """ms => {
  const post = self.postMessage.bind(self);
  self.postMessage = (...message) => void setTimeout(() => post(...message), ms);
}"""
END = "() => { setTimeout(() => self.close()); }"


def named(page: Page, script: str) -> Worker:
    """The worker whose script's address ends with ``script``; waits for it."""
    return until(
        page,
        f"a worker {script}",
        lambda: next((w for w in page.workers if w.url.partition("?")[0].endswith(script)), None),
    )


def hold(page: Page, after: int) -> None:
    """The inference worker gives ``after`` more results and then none: an answer that was begun stays unfinished."""
    named(page, "workers/inference.js").evaluate(HOLD, after)


def slow(page: Page, ms: int) -> None:
    """The inference worker keeps each result back for ``ms``: an answer of n tokens takes at least n times as long."""
    named(page, "workers/inference.js").evaluate(SLOW, ms)


def end(page: Page, script: str) -> None:
    """Ends a worker as a browser does that takes its memory: nobody is told."""
    named(page, script).evaluate(END)


def stops_amid_an_answer(person: Person) -> Answer:
    """``person`` stops an answer of which more than 30 characters are there, and can send again at once."""
    slow(person.page, ms=100)
    answer = person.asks("Write a long story about a dragon and a knight.")
    answer.grows(30)
    person.stops()
    expect(person.send).to_be_visible(timeout=5_000)
    answer.comes_to("cancelled")
    return answer
