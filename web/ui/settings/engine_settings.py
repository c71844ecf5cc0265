"""Shows the engine's settings: its profile, what it may use, counts, and what the router learnt.

What the person chose is kept in the page's preferences: ``preset`` (a name or "auto") and
``engine``, the single settings that differ from it. The build draws a control for each
(build_support/page_settings.py).
"""

from ui.base.sheet import ConfirmButton
from ui.words import formatting

PRESETS = ("auto", "production", "development", "low_end")
MB = 1000000


class EngineSettings:
    """``on_change(fields)`` gets a configure request's fields; ``on_action(name)``: forget_router,
    telemetry_get, telemetry_export, telemetry_erase."""

    def __init__(self, dom, words, timers, preferences, on_change, on_action):
        self._dom, self._words, self._preferences = dom, words, preferences
        self._on_change, self._on_action = on_change, on_action
        self._preset = dom.by_id("set-preset")
        dom.on(self._preset, "change", lambda _event: self._chose(self._preset.value))
        self._fields = {field.dataset.setting: field for field in dom.all("[data-setting]")}
        self._values = {name: values_of(dom, field) for name, field in self._fields.items()}
        for name, field in self._fields.items():
            self._bind(name, field)
        ConfirmButton(
            dom, timers, "forget-router", lambda: words("forget_router_sure"), lambda: on_action("forget_router")
        )
        for name in ("get", "export", "erase"):
            self._bind_action("telemetry_" + name)
        self._counts = dom.by_id("telemetry-counts")
        self._learnt = dom.by_id("router-learnt")

    def _bind(self, name, field):
        chosen = (lambda: field.value) if self._values[name] else (lambda: bool(field.checked))
        self._dom.on(field, "change", lambda _event: self._switched(name, chosen()))

    def _bind_action(self, name):
        self._dom.on(self._dom.by_id(name.replace("_", "-")), "click", lambda _event: self._on_action(name))

    def initial(self):
        """What the first message to the engine says of this."""
        return initial(self._preferences, self._values)

    def _chose(self, preset):
        self._preferences["preset"], self._preferences["engine"] = preset, {}
        self._on_change({"preset": preset})

    def _switched(self, name, value):
        own = dict(self._preferences["engine"])
        own[name] = value
        self._preferences["engine"] = own
        self._on_change({"config": {name: value}})

    def draw(self, state):
        """What the engine's last status says is shown, not what was wished."""
        words, config = self._words, state.device.get("config") or {}
        chosen = self._preferences["preset"]
        self._preset.value = chosen if chosen in PRESETS else "auto"
        for name, field in self._fields.items():
            values = self._values[name]
            field.disabled = name not in config
            if values:
                field.value = config.get(name) or values[0]
            else:
                field.checked = bool(config.get(name))
        self._dom.by_id("preset-note").textContent = preset_note(state, self._preset.value, words)
        counting = bool(config.get("enable_telemetry"))
        self._dom.by_id("telemetry-actions").hidden = not counting
        self._counts.hidden = self._counts.hidden or not counting
        learnt = state.router_status.get("corrections") or 0
        self._learnt.textContent = corrections_words(learnt, words)
        self._dom.by_id("forget-router").disabled = not learnt

    def telemetry_ended(self, message, save_file):
        if message["type"] != "result":
            return
        payload = message["payload"]
        if payload.get("text"):
            save_file("orion-counts.json", payload["text"])
        self._draw_counts(payload.get("counts") or {})

    def _draw_counts(self, counts):
        dom, place = self._dom, self._counts
        place.replaceChildren()
        place.hidden = False
        if not counts:
            place.appendChild(dom.el("p", "faint", self._words("telemetry_none")))
        for name in sorted(counts):
            row = dom.el("p", "count")
            row.append(dom.el("code", None, name), dom.el("span", None, str(counts[name])))
            place.appendChild(row)


def values_of(dom, field):
    """The values that a setting can have, the engine's own first; none of a switch."""
    return tuple([option.value for option in dom.all("option", field)])


def initial(preferences, settings):
    """``preset`` and ``config`` of the first message; ``settings``: the values that each can have, by its name, none of
    a switch. Names that this page doesn't know are left out: what an older page kept must not keep the engine from
    starting."""
    preset, own = preferences["preset"], preferences["engine"]
    own = own if isinstance(own, dict) else {}
    config = {}
    for name, values in settings.items():
        if name in own and (not values or own[name] in values):
            config[name] = own[name] if values else bool(own[name])
    return {"preset": preset if preset in PRESETS[1:] else None, "config": config or None}


def preset_note(state, chosen, words):
    memory = (state.device.get("config") or {}).get("max_memory_mb")
    preset = state.device.get("preset")
    if not memory or preset not in PRESETS:
        return ""
    memory = formatting.size(memory * MB, words)
    if chosen == "auto":
        return words("preset_note_auto", name=words("preset_" + preset), memory=memory)
    return words("preset_note_" + preset, memory=memory)


def corrections_words(count, words):
    return words.counted("corrections", count) if count else words("corrections_none")
