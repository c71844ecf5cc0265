"""Sends requests to the engine worker and receives its messages.

``EngineClient`` starts the worker, queues requests until it can take them, notices when it
doesn't come up, and starts it again once when it dies. ``ask`` takes the callback that
gets a request's end. All other messages, as dicts, go to the page.
Everything from outside is passed in, so the tests run it without a browser:

    spawn(on_text, on_crash) -> worker with post(text), attach(request, ids), feed(request, microphone)
        and end(); may raise
    timers.later(ms, call) -> handle;  timers.cancel(handle)
"""

import json

from ui.engine import messages

BOOT_SILENCE_MS = 60_000
SNAPSHOT_SILENCE_MS = 15_000
PING_MS = 5_000
STOP_MS = 8_000
ENDS = ("result", "error", "cancelled")


class EngineClient:
    """``on_message(dict)`` gets the messages; ``on_phase(phase, why)`` one of booting, ready,
    restarting, failed. ``why`` is a key of the page's words. ``on_started`` gets the end of each
    ``initialize``: the engine's status, whose changes are events from then on. ``on_settled`` gets the end of each
    change of settings."""

    def __init__(self, spawn, timers, on_message, on_phase, initial, on_started, on_settled):
        self._spawn = spawn
        self._timers = timers
        self._on_message = on_message
        self._on_phase = on_phase
        self._initial = initial
        self._on_started = on_started
        self._on_settled = on_settled
        self._sent = {}  # what the engine knows of ``initial()``, which may change while it boots
        self._worker = None
        self._number = 0
        self._open = {}  # request id -> (kind, on_end, hear)
        self._muted = set()
        self._waiting = []
        self._watch = None
        self._restarts_left = 1
        self._generation = 0
        self.phase = "off"

    # starting

    def start(self):
        self._boot("booting")

    def restart(self):
        """After ``failed``: one more try, because a person asked for it."""
        self._restarts_left = 1
        self._boot("booting")

    def _boot(self, phase):
        self.phase = phase
        self._on_phase(phase, None)
        self._generation += 1
        generation = self._generation
        try:
            self._worker = self._spawn(
                lambda text: self._received(text) if generation == self._generation else None,
                lambda why: self._suspect(why) if generation == self._generation else None,
            )
        except Exception:
            self._fail("no_workers")
            return
        self._guard(BOOT_SILENCE_MS, self._boot_timed_out)
        self._number += 1
        self._initialize = "init-" + str(self._number)
        self._sent = self._initial()
        self._worker.post(messages.request(self._initialize, "initialize", self._sent))

    def _guard(self, ms, call):
        if self._watch is not None:
            self._timers.cancel(self._watch)
        self._watch = self._timers.later(ms, call) if call else None

    def _boot_timed_out(self):
        self._fail("boot_timeout")

    def _fail(self, why):
        self._guard(0, None)
        self._generation += 1
        if self._worker:
            self._worker.end()
            self._worker = None
        self.phase = "failed"
        self._on_phase("failed", why)
        self._abandon("engine_closed")

    # requests

    def settle(self):
        """Sends the engine the settings that changed since they were last sent. An engine that boots gets them once
        it is up, before any other request."""
        if self.phase == "ready":
            sent, self._sent = self._sent, self._initial()
            for kind, fields in messages.settings(sent, self._sent):
                self.ask(kind, fields, self._on_settled)

    def ask(self, kind, fields=None, on_end=None, hear=None, message_id=None, attached=(), source=None):
        """Sends a request, or keeps it until the engine is ready. Returns its id.

        ``on_end(message)`` is called once, with the ``result``, ``error`` or ``cancelled`` that it ends in. With
        ``hear(message)`` the request is the caller's own affair: its events go there, and none of its messages to
        the page. ``attached``: ids of the files that it names, which go before it. ``source``: a microphone; what it
        records goes behind the request.
        """
        self._number += 1
        message_id = message_id or kind + "-" + str(self._number)
        self._open[message_id] = (kind, on_end, hear)
        if self.phase == "failed":
            self._end(messages.failure(message_id, "engine_closed"))
            return message_id
        self._muted.discard(message_id)
        text = messages.request(message_id, kind, fields)
        if self.phase == "ready":
            self._post(message_id, text, attached, source)
        else:
            self._waiting.append((message_id, text, attached, source))
        return message_id

    def _post(self, message_id, text, attached, source):
        if attached:
            self._worker.attach(message_id, json.dumps(attached))
        self._worker.post(text)
        if source is not None:
            self._worker.feed(message_id, source)

    def cancel(self, message_id=None):
        """Stops one request, or with None all of them. Their late events are dropped here; an
        engine that doesn't confirm is taken for dead, so that Stop never depends on it."""
        ids = [message_id] if message_id else list(self._open)
        still_here = [row[0] for row in self._waiting]
        for key in ids:
            if key in still_here:
                self._waiting = [row for row in self._waiting if row[0] != key]
                on_end = self._open.pop(key)[1]
                if on_end:
                    on_end({"v": messages.VERSION, "id": key, "type": "cancelled", "partial": ""})
            elif key in self._open:
                self._muted.add(key)
        if self.phase == "ready":
            self.ask("cancel", {"request": message_id})
            self._guard(STOP_MS, self._check_stopped)

    def _check_stopped(self):
        self._watch = None
        if self._muted:
            self._suspect("stop")

    # what arrives

    def _received(self, text):
        message = messages.parse(text)
        if message is None:
            return
        kind, key = message["type"], message["id"]
        if kind == "boot-failed":
            self._crashed()
            return
        if self.phase != "ready":
            if kind == "boot" and message.get("phase") == "snapshot":
                # The next one begins without it.
                self._guard(SNAPSHOT_SILENCE_MS, self._crashed)
            else:
                self._guard(BOOT_SILENCE_MS, self._boot_timed_out)
        elif self._watch is not None and not self._muted:
            self._guard(0, None)
        if key == self._initialize and kind in ENDS:
            self._initialized(message)
            return
        if kind in ENDS:
            self._muted.discard(key)
            if kind == "result" and key in self._open and self._open[key][0] == "infer":
                self._restarts_left = 1
            self._end(message)
        elif key not in self._muted:
            hear = self._open[key][2] if key in self._open else None
            (hear or self._on_message)(message)

    def _end(self, message):
        _, on_end, hear = self._open.pop(message["id"], (None, None, None))
        if hear is None:
            self._on_message(message)
        if on_end:
            on_end(message)

    def _initialized(self, message):
        self._on_started(message)
        if message["type"] != "result":
            self._fail("boot_failed")
            return
        self._guard(0, None)
        self.phase = "ready"
        self.settle()
        self._on_phase("ready", None)
        waiting, self._waiting = self._waiting, []
        for row in waiting:
            self._post(*row)

    # dying

    def _suspect(self, why):
        """An error event doesn't mean that the worker is dead: asked for a sign of life, a worker
        that answers goes on."""
        if self.phase != "ready":
            self._crashed()
            return
        self._muted.clear()
        self.ask("ping")
        self._guard(PING_MS, self._crashed)

    def _crashed(self):
        booted = self.phase == "ready"
        self._guard(0, None)
        if self._worker:
            self._worker.end()
            self._worker = None
        if not self._restarts_left:
            self._fail("engine_crashed" if booted else "boot_crashed")
            return
        self._restarts_left -= 1
        self._generation += 1
        self.phase = "restarting"
        if booted:
            self._abandon("worker_died")
        self._boot("restarting")

    def _abandon(self, code):
        """Ends what the dead worker leaves open; requests that never left the page stay."""
        kept = [row[0] for row in self._waiting] if code == "worker_died" else []
        if not kept:
            self._waiting = []
        left = [key for key in self._open if key not in kept]
        self._muted.clear()
        for key in left:
            if key in self._open:  # the end of an earlier one may have ended this one too
                self._end(messages.failure(key, code, "runtime" if code == "worker_died" else "engine"))
