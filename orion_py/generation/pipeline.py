"""Turns an answer's tokens into the text that is shown: a detokenizer, and a list of text stages behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orion_py.errors import IllegalTransition
from orion_py.generation.detokenizer import Detokenizer
from orion_py.generation.stages import TextStage
from orion_py.generation.transcript import Transcript
from orion_py.runtime.tokenizer import Tokenizer


class Pipeline:
    """The stages of one answer. Each gets what the one before it gives; the last one writes into ``transcript``.

    ``new_stages`` makes them, in their order, for the answer and again after a cut. ``assistant_prefix``: a text
    that the answer begins with and no model said. A stage may raise from ``push`` and ``finish``, as the output guard
    does.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        new_stages: Callable[[], Sequence[TextStage]],
        transcript: Transcript,
        assistant_prefix: str = "",
    ) -> None:
        self._tokenizer, self._new_stages = tokenizer, new_stages
        self.transcript, self.assistant_prefix = transcript, assistant_prefix
        self._begin()

    def _begin(self) -> None:
        self._detokenizer = Detokenizer(self._tokenizer)
        self._stages = self._new_stages()
        self.done = False
        """Whether a stage has ended the answer."""

    def open(self) -> None:
        """Says the ``assistant_prefix``."""
        self._pass(self.assistant_prefix)

    def push(self, token: int) -> str:
        """Takes a token. Returns the model's own text that it completes, before any stage."""
        self.transcript.count()
        text = self._detokenizer.push(token)
        self._pass(text)
        return text

    def finish(self) -> None:
        """Passes on what is held back. Nothing may be pushed afterwards; a second call does nothing."""
        text = self._detokenizer.finish()
        for stage in self._stages:
            taken = stage.push(text) if text and not stage.done else ""
            text = taken + stage.finish()
        self._stages = (_Ended(),)

    def rewind(self) -> None:
        """All that was said is void. What is pushed from now to ``resume`` is what is left of it, so that what the
        stages hold, and how pieces are cut, is as if no more had ever come."""
        self.transcript.rewind()
        self._begin()
        self.open()

    def resume(self) -> None:
        """What is pushed from now on is new."""
        self.transcript.resume()

    def _pass(self, text: str) -> None:
        for stage in self._stages:
            if not text:
                return
            text = stage.push(text)
            if stage.done:
                self.done = True


class _Ended:
    """Replaces the stages of a finished answer."""

    done = False

    def push(self, text: str) -> str:
        raise IllegalTransition("the answer has ended")

    def finish(self) -> str:
        return ""
