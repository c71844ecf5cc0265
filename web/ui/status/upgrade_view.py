"""Draws one quiet line above the composer about background downloads, with the person's choices."""

from ui.words import formatting

ACTIONS = {"downloading": "pause", "paused": "resume", "failed": "resume", "waiting": None}
LABELS = {"pause": "pause", "resume": "resume", "start": "load_now"}
BROKEN = ("download_failed", "load_timeout")


def sentence(event, model, size, words):
    """What the line says of an upgrade event; "" for what needs no words. ``model``: its name;
    ``size``: bytes of the whole as far as known."""
    state, code = event["state"], event.get("reason_code") or ""
    purpose = event.get("purpose") or "model"
    total = event.get("total_bytes") or size or 0
    if state == "waiting" and code == "metered":
        left = total - (event.get("loaded_bytes") or 0) if event.get("total_bytes") else total
        return words("upgrade_metered", model=model, size=formatting.size(left, words))
    if state in ("loading", "ready"):
        return words("upgrade_" + state + "_" + purpose, model=model)
    if state == "failed":
        if code in BROKEN:
            return words("upgrade_broken", model=model)
        return words("upgrade_failed", model=model, why=words.error(code, event.get("reason") or "")[0] + ".")
    if state == "paused":
        parts = [words("upgrade_paused", model=model)]
    elif state in ("downloading", "waiting"):
        parts = [words("upgrade_" + purpose, model=model)]
    else:
        return ""
    if total:
        parts.append(formatting.size_pair(event.get("loaded_bytes") or 0, total, words))
    if state == "downloading":
        left = formatting.time_left(event.get("seconds_left"), words)
        if left:
            parts.append(left)
    if state == "waiting":
        parts.append(words("upgrade_busy"))
    return " · ".join(parts)


def announcement(device, words):
    """What the line says while nothing comes yet: which larger model the site is having built, if this device uses
    larger ones; else ""."""
    coming = [row for row in device.get("coming") or [] if not row.get("senses")]  # what sees is no larger model
    if not coming or (device.get("config") or {}).get("enable_full_models") is False:
        return ""
    return words("upgrade_coming", model=coming[0]["title"])


def action(event):
    """What the button would do: pause, resume, start, or None for no button."""
    if event["state"] == "waiting":
        return "start" if event.get("reason_code") == "metered" else "pause"
    if event["state"] == "failed" and event.get("reason_code") not in BROKEN:
        return None
    return ACTIONS.get(event["state"])


def declinable(event):
    """Whether the person is asked if they want it at all."""
    return action(event) in ("resume", "start")


class UpgradeView:
    """``act(action)``: pause, resume, start or cancel."""

    def __init__(self, dom, act):
        self._line = dom.by_id("upgrade")
        self._text = dom.by_id("upgrade-text")
        self._bar = dom.by_id("upgrade-bar")
        self._button = dom.by_id("upgrade-action")
        self._cancel = dom.by_id("upgrade-cancel")
        self._act = None
        dom.on(self._button, "click", lambda _event: act(self._act))
        dom.on(self._cancel, "click", lambda _event: act("cancel"))

    def draw(self, state, words):
        event = state.upgrade
        text = (
            sentence(event, state.model_name(event["model"]), state.model_size(event["model"]), words) if event else ""
        )
        if not text:
            self._announce(announcement(state.device, words))
            return
        self._line.hidden = False
        self._line.setAttribute("data-state", event["state"])
        self._line.setAttribute("data-model", event["model"])
        if self._text.textContent != text:
            self._text.textContent = text
        total = event.get("total_bytes") or 0
        self._bar.hidden = not total or event["state"] in ("ready", "failed")
        self._bar.value = formatting.percent(event.get("loaded_bytes") or 0, total) if total else 0
        self._act = action(event)
        self._button.hidden = self._act is None
        if self._act:
            self._button.textContent = words(LABELS[self._act])
        self._cancel.hidden = not declinable(event)

    def _announce(self, text):
        self._line.hidden = not text
        if text:
            self._line.setAttribute("data-state", "coming")
            self._line.removeAttribute("data-model")
            self._act = None
            for part in (self._bar, self._button, self._cancel):
                part.hidden = True
            if self._text.textContent != text:
                self._text.textContent = text
