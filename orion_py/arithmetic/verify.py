"""Corrects the equations of a streamed text: each result that the model writes is checked first."""

from __future__ import annotations

from orion_py.arithmetic.equations import REACH, UNDECIDED, corrections


class EquationTransform:
    """Text passes at once, but for an equals sign and what follows it, until the result is whole. Ends no answer."""

    def __init__(self, french: bool) -> None:
        self._french, self._held, self._before = french, "", ""

    @property
    def done(self) -> bool:
        return False

    def push(self, text: str) -> str:
        text = self._held + text
        undecided = UNDECIDED.search(text)
        settled = text[: undecided.start()] if undecided else text
        self._held = text[len(settled) :]
        return self._show(settled)

    def finish(self) -> str:
        held, self._held = self._held, ""
        return self._show(held)

    def _show(self, text: str) -> str:
        before, self._before = self._before, (self._before + text)[-REACH:]
        return correct(before + text, self._french, len(before))[len(before) :]


class FirstCorrection(EquationTransform):
    """Ends the answer with the first equation that it had to correct, so that the model can go on from what is true."""

    def __init__(self, french: bool) -> None:
        super().__init__(french)
        self._done = False

    @property
    def done(self) -> bool:
        return self._done

    def _show(self, text: str) -> str:
        if self._done:
            return ""
        whole = self._before + text
        first = next(corrections(whole, self._french, len(self._before)), None)
        if first is None:
            return super()._show(text)
        self._done = True
        return whole[len(self._before) : first.begins] + first.right


def correct(text: str, french: bool, start: int = 0) -> str:
    """``text`` with every equation made true that can be worked out and whose sign stands at ``start`` or after it."""
    at, out = 0, ""
    for correction in corrections(text, french, start):
        out += text[at : correction.begins] + correction.right
        at = correction.ends
    return out + text[at:]
