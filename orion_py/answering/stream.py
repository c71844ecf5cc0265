"""What of an answer has reached the reader, and how that is taken back when the answer is cut."""

from __future__ import annotations

from collections.abc import Callable

from orion_py.generation.streamer import TokenStreamer
from orion_py.safety.output import OutputGuard


class AnswerStream:
    """``guarded`` puts a guard before the streamer. ``on_revision`` hears, after a cut, the whole text
    that stands, and whether the answer is tried once more from there."""

    def __init__(
        self,
        streamer: TokenStreamer,
        guarded: Callable[[TokenStreamer], OutputGuard],
        on_revision: Callable[[str, bool], None],
    ) -> None:
        self._streamer, self._guarded, self._on_revision = streamer, guarded, on_revision
        self._guard = guarded(streamer)

    @property
    def text(self) -> str:
        """What was passed on and stands."""
        return self._guard.text

    def push(self, text: str, tokens: int) -> None:
        """Takes a piece of the answer. Raises as ``OutputGuard.push``."""
        self._guard.push(text, tokens)

    def finish(self) -> None:
        """Passes on what is held back. Raises as ``OutputGuard.finish``."""
        self._guard.finish()

    def cut(self, say_again: Callable[[], None], again: bool) -> None:
        """What was passed on is void; ``say_again`` pushes what is left of it. So what the guard holds
        and masks, and how the pieces are cut, is as if no more had ever come."""
        self._streamer.rewind()
        self._guard = self._guarded(self._streamer)
        say_again()
        self._streamer.resume()
        self._on_revision(self._streamer.text, again)
