"""Tries an agent that may not be saved yet: its code in the sandbox, or its prompt alone."""

ID = "own-try-"
SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty", "max_tokens")


class Trial:
    """``make_run(definition, on_piece, on_end)`` gives an AgentRun; ``ask`` as the client's. ``on_piece(text, stream)``
    as it answers (stream "revised": in place of all that came), ``on_end(why, error)`` once: ``why`` is
    done, failed (``error``: an engine's error as a dict), or what ended the code (``error``: its traceback)."""

    number = 0

    def __init__(self, make_run, ask, on_piece, on_end):
        self._make_run, self._ask = make_run, ask
        self._on_piece, self._on_end = on_piece, on_end
        self._run = None
        self._request = None
        self._heard = 0

    @property
    def busy(self):
        return self._run is not None or self._request is not None

    def start(self, definition, question, locale):
        self._heard = 0
        if definition["code"]:
            self._run = self._make_run(definition, self._piece, self._code_ended)
            self._run.start(question, [], locale)
            return
        Trial.number += 1
        self._request = ID + str(Trial.number)
        options = {"system": definition["prompt"], "force_agent": "conversation"}
        for name in SAMPLING:
            if name in definition:
                options[name] = definition[name]
        fields = {"query": question, "locale": locale, "options": options}
        self._ask("infer", fields, self._receive, self._receive, self._request)

    def stop(self):
        if self._run:
            self._run.stop()
        elif self._request:
            self._ask("cancel", {"request": self._request})
            self._end("stopped", None)

    def _receive(self, message):
        if message["id"] != self._request:
            return
        kind = message["type"]
        if kind == "token":
            self._piece(message.get("text") or "", "stdout")
        elif kind == "revision":
            self._heard = 0
            self._piece(message["content"], "revised")
        elif kind == "result":
            content = (message.get("payload") or {}).get("content") or ""
            if not self._heard and content:
                self._piece(content, "stdout")
            self._end("done", None)
        elif kind == "error":
            self._end("failed", message["error"])
        elif kind == "cancelled":
            self._end("stopped", None)

    def _piece(self, text, stream):
        if stream in ("stdout", "revised"):
            self._heard += len(text)
        self._on_piece(text, stream)

    def _code_ended(self, why, text, error):
        if len(text) > self._heard:  # what the code returned, after what it printed
            self._piece(text[self._heard :], "stdout")
        self._end(why, error)

    def _end(self, why, error):
        self._run = self._request = None
        self._on_end(why, error)
