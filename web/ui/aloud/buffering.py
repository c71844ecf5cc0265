"""Decides how much speech must be there before it is played, where it is made slower than it sounds. Pure."""

LONGEST_S = 20.0
"""Nobody waits longer for the first word; then there are pauses."""


class Buffering:
    """Learns from what was made: ``pace`` is how many seconds of speech a second makes, for each language."""

    def __init__(self):
        self.pace = {}
        self._per_character = 0.07  # seconds: of a reader who takes his time, until one was heard
        self._warm = []  # languages whose voice is in memory: the first speech waits for that

    def made(self, language, seconds, took_ms, characters):
        """``seconds`` of speech took ``took_ms`` to make."""
        if not seconds:
            return  # there was nothing to say
        self._per_character = seconds / characters
        if language not in self._warm:
            self._warm.append(language)
        elif took_ms > 0:
            pace = 1000 * seconds / took_ms
            before = self.pace.get(language)
            self.pace[language] = pace if before is None else (before + pace) / 2

    def enough(self, language, held, characters):
        """Whether ``held`` seconds may be played while the speech of ``characters`` more is made: it then comes without
        a gap, or the wait would be too long."""
        pace = self.pace.get(language)
        if not held:
            return False
        if pace is None or pace >= 1 or not characters:
            return True
        return held >= min(LONGEST_S, characters * self._per_character * (1 / pace - 1))
