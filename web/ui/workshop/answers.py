"""Runs the code of the agent that answers: the engine says when (``agent.code``), and gets the code's output."""

from ui.workshop.run import AgentRun

ENDS = ("result", "error", "cancelled")


class CodedAnswers:
    """One answer at a time. ``ask`` as the client's; ``receive`` gets the page's messages."""

    def __init__(self, sandbox, ask):
        self._sandbox, self._ask = sandbox, ask
        self._run = None
        self._request = None
        self._said = 0

    def begin(self, asked, query, history, locale):
        """``asked``: the engine's ``agent.code``, with the code and how it asks the model."""
        self.stop()
        request = self._request = asked["id"]
        self._said = 0
        run = self._run = AgentRun(
            self._sandbox,
            self._ask,
            asked,
            lambda text, stream: self._piece(request, text, stream),
            lambda why, text, error: self._ended(request, why, text, error),
        )
        run.start(query, history, locale)

    def stop(self):
        """Nobody wants the answer any more."""
        self._request = None
        run, self._run = self._run, None
        if run:
            run.stop()

    def receive(self, message):
        if message["id"] == self._request and message["type"] in ENDS:
            self.stop()

    def _piece(self, request, text, stream):
        if request == self._request and stream == "stdout":
            self._said += len(text)
            self._ask("agent.output", {"request": request, "text": text})

    def _ended(self, request, why, text, error):
        if request != self._request:
            return
        self._request = self._run = None
        end = "time" if why == "time" else "done" if why == "done" and not error else "failed"
        self._ask("agent.output", {"request": request, "text": text[self._said :] if end == "done" else "", "end": end})
