"""Decides when to draw: at most once per animation frame, and never so much that the page stutters.

The engine may send a thousand events a second; they change the view state at once and the
drawing waits for the next frame. Work that doesn't fit a frame's budget goes on in the next.
"""

BUDGET_MS = 8.0
REST = 4


class Frames:
    """``request_frame(call)`` is requestAnimationFrame; ``clock()`` gives ms.

    ``draw()`` draws what is dirty until ``over()`` says that the frame is spent, and returns
    True when something is left.
    """

    def __init__(self, request_frame, clock, draw):
        self._request = request_frame
        self._clock = clock
        self._draw = draw
        self._asked = False
        self._started = 0.0

    def ask(self):
        if not self._asked:
            self._asked = True
            self._request(self._run)

    def over(self):
        return self._clock() - self._started > BUDGET_MS

    def _run(self, *_):
        self._asked = False
        self._started = self._clock()
        if self._draw():
            self.ask()


class Pieces:
    """The page's small pieces, drawn in their order when something of theirs is dirty, and as many as fit a frame: on a
    machine that is busy with the model each takes a multiple of its time. What is left comes first in the next frame,
    so that none waits for long. ``rows``: (names, draw) of each."""

    def __init__(self, rows):
        self._rows = rows
        self._due = []

    def draw(self, dirty, over):
        """One piece at least, and then until the frame is ``over``. True when some are left for the next one."""
        for index, (names, _) in enumerate(self._rows):
            if index not in self._due and any([name in dirty for name in names]):
                self._due.append(index)
        drawn = False
        while self._due and not (drawn and over()):
            drawn = True
            self._rows[self._due.pop(0)][1]()
        return bool(self._due)


class Pace:
    """Spaces out a costly drawing: after one that took ``ms`` it rests ``REST`` times as long."""

    def __init__(self, clock):
        self._clock = clock
        self._next = 0.0

    def due(self):
        return self._clock() >= self._next

    def took(self, ms):
        self._next = self._clock() + (ms * REST if ms > BUDGET_MS else 0)
