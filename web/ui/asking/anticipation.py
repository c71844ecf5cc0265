"""Tells the engine that somebody types, so that it reads ahead what the answer's prompt will begin with.

``fields()`` are those of the request, or None where nothing is to be read ahead now. It is sent shortly after the first
key, and then seldom: who answers can change with a word, and not with each key.
"""

FIRST_MS = 150
AGAIN_MS = 1500


class Anticipation:
    """``typed`` at each key, ``sent`` once the box is empty. ``ask`` as the client's."""

    def __init__(self, timers, ask, fields):
        self._timers, self._request, self._fields = timers, ask, fields
        self._timer = None
        self._sent = None  # what the engine knows of this draft

    def typed(self):
        if self._timer is None:
            self._timer = self._timers.later(AGAIN_MS if self._sent else FIRST_MS, self._ask)

    def sent(self):
        if self._timer is not None:
            self._timers.cancel(self._timer)
        self._timer = self._sent = None

    def _ask(self):
        self._timer = None
        fields = self._fields()
        if fields is None:
            return
        known = dict(fields)
        known["draft"] = len(fields["draft"].split())
        if known != self._sent:
            self._sent = known
            self._request("anticipate", fields)
