"""Runs a custom agent's ``respond`` once: in the sandbox, with the model behind it.

What the code asks of the model goes to the engine as requests of the page, within limits: so many
calls, so many tokens. Nothing that the code sends is trusted.
"""

import json

from ui.base.json_text import read

CALLS = 8
CALL_TOKENS = 1024
TOKENS = 2048
OWN_SECONDS = 10
SECONDS = 180
SYSTEM_CHARS = 4000  # the engine's own limit
ID = "own-"
SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty")


class Call:
    """One question of the code to the model. ``key`` is what waits in the code, or None."""

    def __init__(self, key, whole):
        self.key, self.whole = key, whole
        self.pieces = []
        self.done = False
        self.error = ""


class AgentRun:
    """``ask`` as the client's. ``on_piece(text, stream)`` as the code prints; ``on_end(why, text, error)`` once:
    ``why`` is "done", or what ended it."""

    number = 0

    def __init__(self, sandbox, ask, definition, on_piece, on_end):
        self._sandbox, self._ask, self._definition = sandbox, ask, definition
        self._on_piece, self._on_end = on_piece, on_end
        self._calls = {}
        self._tokens = TOKENS
        self._printed = []

    def start(self, query, history, locale):
        AgentRun.number += 1
        self._locale = locale
        self._prefix = ID + str(AgentRun.number) + "-"
        request = json.dumps({"query": query, "history": history, "locale": locale})
        code = self._definition["code"]
        self._sandbox.run(code, self._event, data=request, seconds=OWN_SECONDS, total=SECONDS)

    def stop(self):
        self._sandbox.stop()

    # the code

    def _event(self, message):
        kind = message["type"]
        if kind == "out":
            if message["stream"] == "stdout":
                self._printed.append(message["text"])
            self._on_piece(message["text"], message["stream"])
        elif kind == "ask":
            self._asked(message["key"], message["body"])
        elif kind == "end":
            self._leave()
            text = "".join(self._printed) + (message.get("value") or "")
            self._on_end(message.get("why"), text, message.get("error") or "")

    def _leave(self):
        """What the code still waited for is no longer wanted."""
        for request_id, call in self._calls.items():
            if not call.done:
                self._ask("cancel", {"request": request_id})
        self._calls = {}

    def _asked(self, key, body):
        try:
            asked = read(body)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            self._refuse(key, "what llm() was given can't be read, or is too long")
        elif "next" in asked:
            call = self._calls.get(asked["next"] if isinstance(asked["next"], str) else "")
            if call is None:
                self._refuse(key, "there is no such answer")
            else:
                call.key = key
                self._tell(asked["next"], call)
        else:
            self._call(key, asked)

    def _call(self, key, asked):
        wanted, system = asked.get("max_tokens"), asked.get("system")
        if not isinstance(wanted, int) or wanted < 1:
            wanted = self._definition["max_tokens"]
        tokens = min(wanted, CALL_TOKENS, self._tokens)
        if len(self._calls) >= CALLS or tokens < 1:
            limits = str(CALLS) + " calls, " + str(TOKENS) + " tokens"
            self._refuse(key, "the limit for one answer is reached: " + limits)
            return
        if isinstance(system, str) and len(system) > SYSTEM_CHARS:
            self._refuse(key, "the system prompt has more than " + str(SYSTEM_CHARS) + " characters")
            return
        self._tokens -= tokens
        options = {"max_tokens": tokens, "system": self._definition["prompt"], "force_agent": "conversation"}
        if isinstance(system, str) and system.strip():
            options["system"] = system
        for name in SAMPLING:
            if name in self._definition:
                options[name] = self._definition[name]
        if asked.get("stream"):
            options["cut_loops"] = False  # the code has what was streamed: it can't be taken back
        request_id = self._prefix + str(len(self._calls) + 1)
        self._calls[request_id] = Call(key, not asked.get("stream"))
        prompt = asked.get("prompt")
        query = prompt if isinstance(prompt, str) else ""
        fields = {"query": query, "locale": self._locale, "options": options}
        self._ask("infer", fields, self._receive, self._receive, request_id)

    def _refuse(self, key, why):
        self._sandbox.reply(key, {"error": why})

    # the engine

    def _receive(self, message):
        call = self._calls.get(message["id"])
        if call is None or call.done:
            return
        kind = message["type"]
        if kind == "token":
            call.pieces.append(message.get("text") or "")
        elif kind == "result":
            call.done = True
            if call.whole:
                call.pieces = [(message.get("payload") or {}).get("content") or ""]
        elif kind in ("error", "cancelled"):
            call.done = True
            call.error = (message.get("error") or {}).get("message") or "the model's answer was stopped"
        else:
            return
        self._tell(message["id"], call)

    def _tell(self, request_id, call):
        """Answers what waits in the code, if there is something to say."""
        if call.key is None or not (call.done or (call.pieces and not call.whole)):
            return
        key, call.key = call.key, None
        if call.error:
            self._refuse(key, call.error)
            return
        text, call.pieces = "".join(call.pieces), []
        self._sandbox.reply(key, {"text": text, "done": call.done, "stream": request_id})
