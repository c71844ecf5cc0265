"""Runs Python that isn't ours, in a cell of its own (web/sandbox): one run at a time, with limits.

``open_runner(on_text)`` gives a promise of the cell, with ``post(text)`` and ``end()``. The cell
enforces the limits; a cell that doesn't keep its word is thrown away here.
"""

import json

from ui.base.json_text import read

SECONDS = 10
OUTPUT_CHARS = 20_000
BOOT_MS = 75_000
GRACE_MS = 5_000
IDLE_MS = 90_000


class Sandbox:
    """``run`` tells ``on_event`` the cell's messages: started, out, ask, and one end."""

    def __init__(self, open_runner, timers):
        self._open, self._timers = open_runner, timers
        self._runner = None
        self._opening = False
        self._number = 0
        self._on_event = None
        self._request = None
        self._timer = None

    @property
    def busy(self):
        return self._on_event is not None

    def run(self, code, on_event, data="", seconds=SECONDS, total=None, output=OUTPUT_CHARS):
        """Runs ``code``; what runs already is stopped first. ``seconds``: of its own, between two
        replies that it waits for; ``total``: in all."""
        self.stop()
        self._number += 1
        self._on_event = on_event
        self._request = {
            "type": "run",
            "id": str(self._number),
            "code": code,
            "data": data,
            "seconds": seconds,
            "total": total or seconds,
            "output": output,
        }
        self._guard(BOOT_MS, lambda: self._throw_away("crash"))
        if self._runner:
            self._runner.post(json.dumps(self._request))
        elif not self._opening:
            self._opening = True
            self._open(self._heard).then(self._opened, self._refused)

    def stop(self):
        if self._on_event:
            if self._runner:
                self._runner.post('{"type": "stop"}')
            self._end({"type": "end", "why": "stopped"})

    def reply(self, key, body):
        """Answers an ``ask`` of the code that runs; ``body`` is a dict."""
        if self._runner and self._on_event:
            self._runner.post(json.dumps({"type": "reply", "key": key, "body": json.dumps(body)}))

    def _opened(self, runner):
        self._opening = False
        self._runner = runner
        if self._on_event:
            runner.post(json.dumps(self._request))
        else:
            self._guard(IDLE_MS, self._close)

    def _refused(self, *_):
        self._opening = False
        if self._on_event:
            self._end({"type": "end", "why": "crash", "error": ""})

    def _heard(self, text):
        message = read(text)
        if self._on_event is None or message.get("id") != self._request["id"]:
            return
        if message["type"] == "end":
            self._end(message)
            return
        if message["type"] == "started":
            self._guard(int(self._request["total"] * 1000) + GRACE_MS, lambda: self._throw_away("time"))
        self._on_event(message)

    def _throw_away(self, why):
        self._close()
        self._end({"type": "end", "why": why, "error": ""})

    def _end(self, message):
        on_event, self._on_event = self._on_event, None
        self._guard(IDLE_MS, self._close)
        if on_event:
            on_event(message)

    def _close(self):
        """Gives the cell's memory back; the next run opens another."""
        runner, self._runner = self._runner, None
        if runner:
            runner.end()

    def _guard(self, ms, call):
        if self._timer is not None:
            self._timers.cancel(self._timer)
        self._timer = self._timers.later(ms, call)
