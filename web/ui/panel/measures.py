"""Draws the panel's table of measurements: the usual value (p50), the rare one (p95), and how many calls were slow."""

from ui.words import formatting

ROWS = ("first_token", "routing", "loading", "inference", "tokens_per_second", "cached_tokens")
COLUMNS = ("measure", "p50", "p95", "measured")


class Measures:
    """``draw(place)`` fills the place anew from the panel's model."""

    def __init__(self, dom, words, model):
        self._dom, self._words, self._model = dom, words, model

    def draw(self, place):
        dom, words = self._dom, self._words
        rows = [name for name in ROWS if self._model.measures.get(name)]
        if not rows:
            place.appendChild(dom.el("p", "faint", words("measures_none")))
            return
        table = dom.el("table", "measures")
        head = dom.el("tr")
        for name in COLUMNS:
            cell = dom.el("th", None, words("column_" + name), {"scope": "col"})
            if words.has("column_" + name + "_hint"):
                cell.setAttribute("title", words("column_" + name + "_hint"))
            head.appendChild(cell)
        table.appendChild(head)
        for name in rows:
            table.appendChild(self._row(name, self._model.measures[name]))
        place.appendChild(table)
        place.appendChild(dom.el("p", "panel-fact", self._slow(), {"data-field": "slow"}))

    def _row(self, name, found):
        dom, words = self._dom, self._words
        row = dom.el("tr", None, None, {"data-measure": name})
        row.appendChild(dom.el("th", None, words("measure_" + name), {"scope": "row"}))
        for column in ("p50", "p95"):
            row.appendChild(dom.el("td", None, value_words(name, found.get(column) or 0, words)))
        row.appendChild(dom.el("td", None, str(found.get("count") or 0)))
        return row

    def _slow(self):
        words, model = self._words, self._model
        calls = (model.measures.get("pace") or {}).get("count") or 0
        limit = formatting.duration(1000 * (model.slow_call_s or 0), words)
        return words("slow_calls", slow=model.slow_calls, calls=calls, limit=limit)


def value_words(name, value, words):
    if name == "cached_tokens":
        return words.counted("tokens", value, count=formatting.whole(value, words))
    return formatting.rate(value, words) if name == "tokens_per_second" else formatting.duration(value, words)
