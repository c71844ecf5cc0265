"""Draws the settings' sheet, and what it says about storage on this device."""

import json

from ui.answers.answer_view import backend_words
from ui.base.sheet import ConfirmButton, Sheet
from ui.words import formatting


class SettingsView:
    """``on_change(name, value)`` for a preference; ``on_action(name)`` for forget, forget_chats,
    persist and logs; ``estimate(call)`` calls back with the JSON text of the browser's estimate."""

    FIELDS = ("language", "theme", "style", "stream", "typing", "enter")
    SWITCHES = ("preload", "send_spoken")

    def __init__(self, dom, words, timers, estimate, on_change, on_action):
        self._dom, self._words, self._estimate = dom, words, estimate
        self._sheet = Sheet(dom, "settings")
        self._on_change = on_change
        for name in self.FIELDS:
            self._bind(name)
        for name in self.SWITCHES:
            self._bind_switch(name)
        ConfirmButton(dom, timers, "forget", lambda: self._words("forget_sure"), lambda: on_action("forget"))
        ConfirmButton(
            dom, timers, "forget-chats", lambda: self._words("forget_chats_sure"), lambda: on_action("forget_chats")
        )
        self._persist = dom.by_id("persist")
        dom.on(self._persist, "click", lambda _event: on_action("persist"))
        dom.on(dom.by_id("save-logs"), "click", lambda _event: on_action("logs"))

    def _bind(self, name):
        field = self._dom.by_id("set-" + name)
        self._dom.on(field, "change", lambda _event: self._on_change(name, field.value))

    def _bind_switch(self, name):
        field = self._dom.by_id("set-" + name)
        self._dom.on(field, "change", lambda _event: self._on_change(name, bool(field.checked)))

    def open(self, preferences, state):
        self.fill(preferences)
        self._sheet.open()
        self.show_storage(state)

    @property
    def is_open(self):
        return bool(self._sheet.node.open)

    def fill(self, preferences):
        for name in self.FIELDS:
            self._dom.by_id("set-" + name).value = preferences[name] or self._words.lang
        for name in self.SWITCHES:
            self._dom.by_id("set-" + name).checked = bool(preferences[name])

    def show_storage(self, state):
        self._estimate(lambda text: self._draw_storage(json.loads(text), state))

    def _draw_storage(self, estimate, state):
        words, by_id = self._words, self._dom.by_id
        usage, quota = estimate["usage"], estimate["quota"]
        if usage is not None:
            usage = max(
                usage, self._stored(state) + self._read(state) + state.attached_bytes
            )  # the browser's estimate comes late
        bar = by_id("storage-bar")
        bar.hidden = not quota
        if usage is None:
            by_id("storage-used").textContent = words("storage_unknown")
        else:
            used = words("storage_used", used=formatting.size(usage, words))
            if quota:
                used += " " + words("storage_of", quota=formatting.size(quota, words))
                bar.value = max(0.5, formatting.percent(usage, quota)) if usage else 0
            by_id("storage-used").textContent = used
        self._draw_models(state)
        persisted = estimate["persisted"]
        by_id("storage-promise").textContent = words("storage_persisted" if persisted else "storage_temporary")
        self._persist.hidden = persisted is not False

    def _stored(self, state):
        """Bytes of all shards on the device."""
        return (state.device.get("storage") or {}).get("shard_bytes") or 0

    def _read(self, state):
        """Bytes that are kept of what agents' prompts come to."""
        return (state.device.get("storage") or {}).get("prefix_bytes") or 0

    def _draw_models(self, state):
        words, place = self._words, self._dom.by_id("storage-models")
        place.replaceChildren()
        stored = self._stored(state)
        if stored:
            text = words("storage_models", size=formatting.size(stored, words))
        else:
            text = words("storage_none")
        place.appendChild(self._dom.el("li", None, text))
        if self._read(state):
            text = words("storage_prefixes", size=formatting.size(self._read(state), words))
            place.appendChild(self._dom.el("li", None, text))
        if state.attached_bytes:
            text = words("storage_attachments", size=formatting.size(state.attached_bytes, words))
            place.appendChild(self._dom.el("li", None, text))
        self._dom.by_id("forget").disabled = not stored and not self._read(state) and state.model is None
        device = state.device.get("device") or {}
        parts = ["Orion " + state.device["version"]] if state.device.get("version") else []
        if device.get("threads"):
            parts.append(backend_words("WASM, " + str(device["threads"]), words))
        if device.get("webgpu"):
            parts.append("WebGPU " + (device.get("webgpu_name") or ""))
        self._dom.by_id("device-line").textContent = " · ".join(parts)
