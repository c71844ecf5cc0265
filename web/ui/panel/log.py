"""Draws the log's rows: the newest below, filtered by level, a frame's worth at a time."""

from ui.words import formatting

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "CRITICAL")
MOST_ROWS = 200
CHUNK = 8


class PanelLog:
    def __init__(self, dom):
        self._dom = dom
        self._rows = dom.by_id("log-rows")
        self._empty = dom.by_id("log-empty")
        self._level = dom.by_id("log-level")
        self._kind = dom.by_id("log-kind")
        self._pending = []
        self._count = 0

    def refill(self, records):
        """From the beginning: other records, or another level."""
        self._rows.replaceChildren()
        self._count = 0
        shown = [record for record in records if is_shown(record, self._level.value, self._kind.value)]
        self._pending = shown[-MOST_ROWS:]

    def add(self, records):
        shown = [record for record in records if is_shown(record, self._level.value, self._kind.value)]
        self._pending.extend(shown)
        self._pending = self._pending[-MOST_ROWS:]

    def clear(self):
        self._pending = []
        self._rows.replaceChildren()
        self._count = 0

    def draw(self, over):
        """True when rows are left for the next frame."""
        rows = self._rows
        if self._pending:
            at_end = rows.scrollHeight - rows.scrollTop - rows.clientHeight < 40
            while self._pending and not over():
                for record in self._pending[:CHUNK]:
                    rows.appendChild(self._row(record))
                self._count += len(self._pending[:CHUNK])
                self._pending = self._pending[CHUNK:]
            while self._count > MOST_ROWS:
                rows.firstElementChild.remove()
                self._count -= 1
            if at_end:
                rows.scrollTop = 10000000
        self._empty.hidden = bool(self._count or self._pending)
        rows.hidden = not self._empty.hidden
        return bool(self._pending)

    def _row(self, record):
        dom = self._dom
        row = dom.el("li", None, attributes={"data-level": record.get("level") or ""})
        dom.attribute(row, "data-kind", record.get("kind"))
        row.append(
            dom.el("time", None, "{:.2f}".format(record.get("time") or 0)),
            dom.el("b", None, record.get("level") or ""),
            dom.el("span", None, record_words(record)),
        )
        return row


def is_shown(record, level, kind=""):
    """From ``level`` up and, where a ``kind`` is chosen ("performance", "memory"), of it."""
    found = record.get("level")
    if kind and record.get("kind") != kind:
        return False
    return found not in LEVELS or LEVELS.index(found) >= LEVELS.index(level)


def record_words(record):
    """The event and its fields on one line, in an order of their own: MicroPython's dicts keep none."""
    words = [str(record.get("event") or "")]
    if record.get("request"):
        words.append(str(record["request"])[:8])
    for key in sorted(record):
        if key not in ("time", "level", "event", "message", "request"):
            words.append(key + "=" + field_words(key, record[key]))
    if record.get("message"):
        words.append(str(record["message"]))
    return " ".join(words)


def field_words(key, value):
    """Durations and sizes as people read them; a log is in English."""
    if key == "ms":
        return formatting.duration(value, formatting.TECHNICAL)
    return formatting.size(value, formatting.TECHNICAL) if key.endswith("bytes") else str(value)
