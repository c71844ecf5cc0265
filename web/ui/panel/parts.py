"""Draws the panel's smaller parts: each fills its place anew from the model, in a few nodes."""

import json

from ui.answers.answer_view import backend_words
from ui.asking.agents import reason_words
from ui.panel import model as panel_model
from ui.words import formatting

MOST_PHASE_ROWS = 5


class Parts:
    """``draw_<part>(place)`` for each part; ``chart`` draws JSON into the chart's place, once it came, for which
    ``bring_chart()`` is called once there is a line to draw."""

    def __init__(self, dom, words, state, model, clock, bring_chart):
        self._dom, self._words, self._state, self._model, self._clock = dom, words, state, model, clock
        self._bring_chart = bring_chart
        self.chart = None
        self._charted = None

    def _line(self, text, cls="faint"):
        return self._dom.el("p", cls, text)

    def _bar(self, label, value, most, text, cls="meter"):
        """A named bar with its value in words at the end."""
        row = self._dom.el("div", cls)
        row.appendChild(self._dom.el("span", "meter-name", label))
        bar = self._dom.el("progress", "bar", attributes={"max": str(most), "aria-label": label})
        bar.value = value
        row.appendChild(bar)
        row.appendChild(self._dom.el("span", "meter-value", text))
        return row

    # routing

    def draw_router(self, place):
        words, model = self._words, self._model
        name = model.router.get("name")
        if name:
            text = words("router_now", name=words("name_" + name) if words.has("name_" + name) else name)
            if model.router.get("loading"):
                text += ", " + words("router_loading")
                total = model.router.get("total_bytes")
                if total:
                    done = formatting.size(model.router.get("loaded_bytes") or 0, words)
                    text += " (" + words("size_of", done=done, total=formatting.size(total, words)) + ")"
            place.appendChild(self._line(text, "panel-fact"))
        turn = panel_model.decided(self._state.conversation)
        if turn is None:
            place.appendChild(self._line(words("no_decision")))
            return
        rows = panel_model.ranked(turn.meta.get("probabilities"))
        for agent, share in rows:
            bar = self._bar(words.agent(agent), share, 1, formatting.share(share, words))
            bar.setAttribute("data-agent", agent)
            if agent == turn.agent:
                bar.setAttribute("data-chosen", "true")
            place.appendChild(bar)
        if not rows and turn.meta.get("router") == "neural":
            place.appendChild(self._line(words("no_probabilities")))
        place.appendChild(self._line(reason_words(turn, words)))

    # memory

    def draw_memory(self, place):
        words, memory = self._words, self._model.memory
        used, budget = memory.get("used_bytes") or 0, memory.get("budget_bytes")
        if budget:
            text = words("memory_used", used=formatting.size(used, words), budget=formatting.size(budget, words))
            place.appendChild(self._bar(words("part_memory"), used, budget, text, "meter wide"))
        models = memory.get("models") or []
        if not models:
            place.appendChild(self._line(words("memory_none")))
        for row in models:
            line = self._dom.el("p", "panel-row", attributes={"data-model": row["model"]})
            line.appendChild(self._dom.el("span", None, self._state.model_name(row["model"])))
            facts = [backend_words(self._model.backends.get(row["model"]), words), formatting.size(row["bytes"], words)]
            if row.get("busy"):
                facts.append(words("memory_busy"))
            line.appendChild(self._dom.el("span", "faint", " · ".join([fact for fact in facts if fact])))
            place.appendChild(line)
        if self._model.evicted:
            names = ", ".join([self._state.model_name(model) for model in self._model.evicted])
            place.appendChild(self._line(words("memory_evicted", models=names)))

    # speed

    def draw_speed(self, place):
        words, dom = self._words, self._dom
        rows = panel_model.answers(self._state.conversation)
        self._draw_chart([(number, turn.meta["rate"]) for number, turn in rows if turn.meta.get("rate")])
        if not rows:
            place.appendChild(self._line(words("no_answers")))
            return
        shown = rows[-MOST_PHASE_ROWS:]
        most = max([turn.meta["timings"].get("total") or 1 for _, turn in shown])
        place.appendChild(self._legend())
        for number, turn in shown:
            place.appendChild(self._phases(number, turn.meta["timings"], most))
        engine = shown[-1][1].meta["timings"].get("engine")
        if engine is not None:
            place.appendChild(self._line(words("answers_share", time=formatting.duration(engine, words))))
        stream = shown[-1][1].meta.get("stream")
        if stream:
            place.appendChild(dom.el("p", "faint", stream_words(stream, words), {"data-field": "stream"}))
        dom.by_id("chart").setAttribute("aria-label", words("chart_rate"))

    def _legend(self):
        legend = self._dom.el("p", "legend")
        for name in panel_model.PHASES:
            legend.appendChild(self._dom.el("span", None, self._words("phase_of_" + name), {"data-phase": name}))
        return legend

    def _phases(self, number, timings, most):
        dom, words = self._dom, self._words
        parts = panel_model.phases(timings)
        said = [words("phase_of_" + name) + " " + formatting.duration(ms, words) for name, ms in parts]
        row = dom.el("div", "phases", attributes={"title": ", ".join(said)})
        row.appendChild(dom.el("span", "meter-name", str(number)))
        bar = dom.el("span", "stack", attributes={"role": "img", "aria-label": ", ".join(said)})
        for name, ms in parts:
            piece = dom.el("i", None, None, {"data-phase": name})
            piece.style.width = "{:.2f}%".format(100.0 * ms / most)
            bar.appendChild(piece)
        row.append(bar, dom.el("span", "meter-value", formatting.duration(timings.get("total") or 0, words)))
        return row

    def _draw_chart(self, points):
        place = self._dom.by_id("chart")
        if len(points) > 1 and self._bring_chart:
            bring, self._bring_chart = self._bring_chart, None
            bring()
        place.hidden = len(points) < 2 or self.chart is None
        data = json.dumps(
            {"x": [x for x, _ in points], "y": [y for _, y in points], "label": self._words("chart_rate")}
        )
        if not place.hidden and data != self._charted:
            self._charted = data
            self.chart.drawChart(place, data)

    def end_chart(self):
        self._charted = None
        if self.chart is not None:
            self.chart.endChart(self._dom.by_id("chart"))

    # queue

    def draw_queue(self, place):
        words, queue = self._words, self._model.queue
        waiting = queue.get("waiting") or []
        text = words("queue_now", running=queue.get("running") or 0, waiting=len(waiting))
        if queue.get("limit"):
            text += " · " + words("queue_limit", limit=queue["limit"])
        place.appendChild(self._line(text, "panel-fact"))
        if waiting:
            slots = self._dom.el("ol", "slots")
            for key in waiting[:8]:
                slots.appendChild(self._dom.el("li", None, key[:8]))
            place.appendChild(slots)

    # breakers

    def draw_breakers(self, place):
        words, dom = self._words, self._dom
        if not self._model.breakers:
            place.appendChild(self._line(words("breakers_none")))
        for name in sorted(self._model.breakers):
            breaker = self._model.breakers[name]
            kind, _, which = name.partition(":")
            title = self._state.model_name(which) if kind == "model" else backend_words(which, words)
            line = dom.el("div", "panel-row", attributes={"data-breaker": name, "data-state": breaker["state"]})
            left = dom.el("span", None, title)
            right = dom.el("span", "breaker-state", words("breaker_" + breaker["state"]))
            facts = [words.counted("breaker_failures", breaker.get("failures") or 0)]
            if breaker.get("slow_rate"):
                facts.append(words("breaker_slow", share=formatting.share(breaker["slow_rate"], words)))
            if breaker["state"] != "closed" and words.has("breaker_why_" + str(breaker.get("cause"))):
                facts.insert(0, words("breaker_why_" + breaker["cause"]))
            wait = self.seconds_left(breaker)
            if wait:
                facts.append(words("breaker_retry", time=formatting.duration(1000 * wait, words)))
            line.append(left, dom.el("span", "faint", " · ".join(facts)), right)
            place.appendChild(line)

    def seconds_left(self, breaker):
        """Whole seconds until an open breaker is tried again, else 0."""
        if breaker["state"] != "open":
            return 0
        return max(0, int((breaker.get("until", 0) - self._clock()) / 1000 + 0.999))

    @property
    def ticking(self):
        """Whether something counts down."""
        return any([self.seconds_left(breaker) for breaker in self._model.breakers.values()])

    # prediction

    def draw_predictive(self, place):
        words, predictive = self._words, self._model.predictive
        likely = predictive.get("next") or []
        if likely:
            place.appendChild(self._line(words("next_likely"), "panel-fact"))
        else:
            place.appendChild(self._line(words("next_unknown")))
        for row in likely:
            name, share = words.agent(row["agent"]), row["probability"]
            place.appendChild(self._bar(name, share, 1, formatting.share(share, words)))
        rate = predictive.get("hit_rate")
        facts = [words("hit_rate_none") if rate is None else words("hit_rate", share=formatting.share(rate, words))]
        facts.append(words("wasted", size=formatting.size(predictive.get("wasted_bytes") or 0, words)))
        place.appendChild(self._line(" · ".join(facts)))
        last = self._model.prediction
        if last:
            names = {"model": self._state.model_name(last["model"]), "agent": words.agent(last["agent"])}
            place.appendChild(self._line(words("prediction_" + last["state"], **names), "panel-fact"))


def stream_words(stream, words):
    """How the last answer streamed."""
    text = words(
        "streamed",
        pieces=stream["pieces"],
        how=words("streamed_" + stream["granularity"]),
        characters=stream["characters"],
        tokens=stream["tokens"],
    )
    if stream.get("first_ms") is not None:
        text += " " + words("streamed_first", time=formatting.duration(stream["first_ms"], words))
    return text
