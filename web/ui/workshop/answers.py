"""Questions that go to an agent with code of its own: the page asks the engine where a question
goes, and runs the code if it goes there. What fails leaves the answer to the agent's prompt.

To the rest of the page such an answer looks like any other: the same messages, made here.
"""

from ui.workshop.run import SAMPLING, AgentRun

ROUTE = "own-route-"


class CodedAnswers:
    """``deliver(message)`` takes a message as if the engine had sent it."""

    def __init__(self, sandbox, send, deliver):
        self._sandbox, self._send, self._deliver = sandbox, send, deliver
        self._agents = {}
        self._run = None
        self._fields = None
        self._request = None
        self._routing = None

    def know(self, definitions):
        """``definitions`` of the status; those without code are the engine's business."""
        self._agents = {row["id"]: row for row in definitions if row.get("code")}

    def takes(self, request_id, fields):
        """Whether the question is in hand here from now on."""
        options = fields.get("options") or {}
        forced = options.get("force_agent")
        if not self._agents or options.get("images") or options.get("audio"):
            return False
        if forced and forced not in self._agents:
            return False
        self.stop()
        self._request, self._fields = request_id, fields
        if forced:
            self._answer(forced, {"agent": forced, "router": "forced", "reason": ""})
        else:
            self._tell("state", previous="validating", state="routing", ms=0)
            self._send("route", {"query": fields["query"], "locale": fields["locale"]}, ROUTE + request_id)
        return True

    def stop(self):
        """The person stopped the answer, which the page has shown already."""
        self._request = None
        run, self._run = self._run, None
        if run:
            run.stop()

    def receive(self, message):
        """The engine's messages about what was asked here."""
        if self._request and message["id"] == ROUTE + self._request:
            routing = message.get("payload") or {}
            if message["type"] == "result" and routing.get("agent") in self._agents:
                self._answer(routing["agent"], routing)
            elif message["type"] in ("result", "error", "cancelled"):
                self._leave_to_engine(None)
        elif self._run:
            self._run.receive(message)

    def _answer(self, agent, routing):
        self._routing = routing
        request_id = self._request
        self._tell("state", previous="routing", state="inferencing", ms=0, agent=agent)
        definition, options = dict(self._agents[agent]), self._fields.get("options") or {}
        definition.update({name: options[name] for name in SAMPLING if name in options})
        run = self._run = AgentRun(
            self._sandbox,
            self._send,
            definition,
            lambda text, stream: self._piece(request_id, text, stream),
            lambda why, text, error: self._ended(request_id, agent, why, text, error),
        )
        run.start(self._fields["query"], self._fields["history"], self._fields["locale"])

    def _piece(self, request_id, text, stream):
        if request_id == self._request and stream == "stdout":
            self._tell("token", text=text, index=0, tokens=0)

    def _ended(self, request_id, agent, why, text, error):
        if request_id != self._request:
            return
        self._run = None
        if why == "done" and not error and text.strip():
            payload = {"content": text, "agent": agent, "routing": self._routing, "finish_reason": "stop"}
            self._tell("result", payload=payload, asked="infer")
            self._request = None
        else:
            self._tell("own-code-failed", kind="agent_code_time" if why == "time" else "agent_code_failed")
            self._leave_to_engine(agent)

    def _leave_to_engine(self, agent):
        request_id, self._request = self._request, None
        fields = self._fields
        if agent:
            options = dict(fields.get("options") or {})
            options["force_agent"] = agent
            fields = dict(fields)
            fields["options"] = options
        self._send("infer", fields, request_id)

    def _tell(self, message_type, **fields):
        fields["v"], fields["id"], fields["type"] = 1, self._request, message_type
        self._deliver(fields)
