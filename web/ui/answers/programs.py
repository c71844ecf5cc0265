"""Runs the programs of skills (``skill.code``) in the sandbox, and tells the engine what came of them."""

MOST_OUTPUT = 20_000
LONGEST_FAULT = 2000
ENDS = ("result", "error", "cancelled")
FAULTS = {"output": "it printed too much", "crash": "the sandbox failed", "stopped": "it was stopped"}
"""What a program is told of an end that is no error of its own."""


class SkillPrograms:
    """One program at a time. ``ask`` as the client's; ``receive`` gets the page's messages."""

    def __init__(self, sandbox, ask):
        self._sandbox, self._ask = sandbox, ask
        self._wanted = None

    def begin(self, wanted):
        """``wanted``: the engine's ``skill.code``."""
        self.stop()
        self._wanted, printed = wanted, []

        def event(message):
            kind = message["type"]
            if kind == "out" and message["stream"] == "stdout":
                printed.append(message["text"])
            elif kind == "ask":  # nobody is there to answer what a program asks
                self._sandbox.reply(message["key"], {"end": True})
            elif kind == "end":
                self._ended(wanted, "".join(printed), message)

        self._sandbox.run(wanted["code"], event, seconds=wanted["seconds"], output=MOST_OUTPUT)

    def receive(self, message):
        """A program ends with its answer."""
        if self._wanted and message["id"] == self._wanted["id"] and message["type"] in ENDS:
            self.stop()

    def stop(self):
        """Nobody wants what comes of it any more."""
        wanted, self._wanted = self._wanted, None
        if wanted:
            self._sandbox.stop()

    def _ended(self, wanted, printed, message):
        if wanted is not self._wanted:
            return
        self._wanted = None
        why, error = message.get("why"), (message.get("error") or "").strip()
        if why == "done":
            end, fault = ("failed", error.split("\n")[-1]) if error else ("done", "")
        elif why == "time":
            end, fault = "time", ""
        else:
            end, fault = "failed", FAULTS.get(why) or FAULTS["crash"]
        fields = {"request": wanted["id"], "run": wanted["run"], "end": end}
        self._ask("skill.ran", dict(fields, output=printed[:MOST_OUTPUT], error=fault[:LONGEST_FAULT]))
