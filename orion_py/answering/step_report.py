"""Reports one step of a skill's answer: its states are the question's, its text is its own."""

from __future__ import annotations

from orion_py.answering.deadline import Deadline
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.reporting import Reporter
from orion_py.answering.services import Services
from orion_py.generation.transcript import Piece, Transcript


class StepReport(Reporter):
    """``whole``: the question's report. ``shown``: the step's text streams to the person, after what is shown already;
    else it is the skill's alone. ``known``: so many characters that the text begins with are shown already. A step
    that is done once more begins its text again."""

    def __init__(
        self, whole: Reporter, request: InferRequest, services: Services, *, shown: bool, known: int = 0
    ) -> None:
        self._whole, self._shown, self._before = whole, shown, whole.transcript.text
        self._known = self._left = known
        super().__init__(request, services)
        self.states = whole.states
        self.agent, self.decision = whole.agent, whole.decision

    @property
    def model(self) -> str | None:
        """The question's states name it."""
        return self._whole.model

    @model.setter
    def model(self, model: str | None) -> None:
        self._whole.model = model

    @property
    def waited(self) -> float:
        return self._whole.waited

    def _new_transcript(self) -> Transcript:
        return Transcript(self._take, clock=self._clock)

    def _take(self, piece: Piece) -> None:
        new = piece.text[self._left :]
        self._left -= min(self._left, len(piece.text))
        if self._shown and new:
            self._whole.transcript.count()
            self._whole.transcript.add(new)

    def new_text(self) -> Transcript:
        if self._shown and self._whole.transcript.text != self._before:
            self._whole.revise(self._before)
        self._left = self._known
        return super().new_text()

    def on_cut(self, again: bool) -> None:
        """The step's answer was cut back to what its transcript holds."""
        if self._shown:
            self._whole.revise(self._before + self.transcript.text[self._known :])

    async def type_out(self, limit: Deadline) -> None:
        """Nothing waits: the question's typewriter shows what this one has."""
