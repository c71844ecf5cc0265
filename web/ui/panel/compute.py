"""Draws the panel's part on what computes the answers: each model's backend, WebGPU's verdict with its reason, what
the GPU offers, and the fallbacks so far.
"""

from ui.answers.answer_view import backend_words
from ui.words import formatting

REASONS = {
    "this browser has no WebGPU": "gpu_no_api",
    "WebGPU needs https or localhost": "gpu_insecure",
    "the browser offers no GPU adapter": "gpu_no_adapter",
}
"""The bridge's own words (bridge/worker/engine/device.js) in the page's languages; a driver's stay as they are."""

SESSIONS = ("detector", "recognizer", "turned", "classifier", "encoder", "decoder", "speaker", "vad")
"""Those of the models that the build makes."""


class Compute:
    """``draw(place)`` fills the place anew from the panel's model; ``state`` knows the models' names."""

    def __init__(self, dom, words, state, model):
        self._dom, self._words, self._state, self._model = dom, words, state, model

    def draw(self, place):
        dom, words, device = self._dom, self._words, self._model.device
        for model in sorted(self._model.backends):
            row = dom.el("p", "panel-row", None, {"data-computes": model})
            row.appendChild(dom.el("span", None, self._state.model_name(model)))
            row.appendChild(dom.el("span", "faint", backend_words(self._model.backends[model], words)))
            place.appendChild(row)
        for model, sessions in computed(self._model.webgpu, words):
            row = dom.el("p", "panel-row", None, {"data-computes": model})
            row.appendChild(dom.el("span", None, self._state.model_name(model)))
            row.appendChild(dom.el("span", "faint", sessions))
            place.appendChild(row)
        if device.get("isolated") is False:
            place.appendChild(dom.el("p", "faint", words("one_thread_why"), {"data-field": "threads"}))
        if device.get("simd") is False:
            place.appendChild(dom.el("p", "faint", words("simd_absent"), {"data-field": "kernel"}))
        elif device.get("kernel_reason"):
            text = words("kernel_absent", reason=device["kernel_reason"])
            place.appendChild(dom.el("p", "faint", text, {"data-field": "kernel"}))
        self._verdicts(place, self._model.webgpu or [{"state": "untried" if device.get("webgpu") else "absent"}])
        if device.get("webgpu"):
            place.appendChild(self._gpu(device))
        for step in self._model.fallbacks:
            place.appendChild(self._fallback(step))

    def _verdicts(self, place, verdicts):
        """Whether the GPU serves a model or a session, and why or why not: once for all that share an answer."""
        lines = {}
        for verdict in verdicts:
            line = verdict["state"], verdict_words(verdict, self._model.device, self._words)
            lines.setdefault(line, []).append(self._name(verdict))
        for (state, text), names in lines.items():
            if len(verdicts) > 1:
                text = ", ".join(names) + ": " + text
            place.appendChild(self._dom.el("p", "panel-fact", text, {"data-verdict": state}))

    def _name(self, verdict):
        name = self._state.model_name(verdict.get("model") or "")
        return name + " (" + session_words(verdict["session"], self._words) + ")" if verdict.get("session") else name

    def _gpu(self, device):
        dom, words = self._dom, self._words
        more = dom.el("details", "gpu")
        more.appendChild(dom.el("summary", None, words("gpu_offers", name=device.get("webgpu_name") or "WebGPU")))
        limits = dom.el("ul", "gpu-limits", None, {"aria-label": words("gpu_limits")})
        for name, value in limit_rows(device.get("webgpu_limits") or {}, words):
            row = dom.el("li")
            row.append(dom.el("code", None, name), dom.el("span", None, value))
            limits.appendChild(row)
        features = ", ".join(device.get("webgpu_features") or []) or words("gpu_no_features")
        more.append(limits, dom.el("p", "faint", words("gpu_features", features=features), {"data-field": "features"}))
        return more

    def _fallback(self, step):
        words = self._words
        sentence = words.fallback(step["kind"], step["to"], step["reason_code"], step["reason"])
        row = self._dom.el("p", "panel-fallback", None, {"data-fallback": step["kind"]})
        row.appendChild(self._dom.el("span", None, sentence))
        why = words("fallback_why", before=step["from"], after=step["to"], reason=step["reason"])
        row.appendChild(self._dom.el("span", "faint", why))
        return row


def computed(verdicts, words):
    """(model, what each of its sessions is computed by, in words) of each graph model."""
    models = {}
    for verdict in verdicts:
        if verdict.get("session"):
            backend = backend_words("WebGPU" if verdict["state"] == "serves" else "WASM", words)
            part = words("session_on", session=session_words(verdict["session"], words), backend=backend)
            models.setdefault(verdict["model"], []).append(part)
    return [(model, ", ".join(models[model])) for model in sorted(models)]


def session_words(session, words):
    """What a session does; one that the page has no words for keeps its name."""
    return words("session_" + session) if session in SESSIONS else session


def verdict_words(verdict, device, words):
    state = verdict["state"]
    if state == "absent":
        reason = device.get("webgpu_reason") or ""
        return words("gpu_absent", reason=words(REASONS[reason]) if reason in REASONS else reason)
    if state in ("serves", "slower") and verdict.get("speedup"):
        times = formatting.decimal(verdict["speedup"], 2, words)
        return words("gpu_" + state + "_by", times=times)
    if state == "none" and verdict.get("session"):
        return words("gpu_none_session")
    if state == "failed":
        what, _ = words.error(verdict.get("reason") or "orion", verdict.get("reason") or "")
        return words("gpu_failed", reason=what)
    return words("gpu_" + state)


def limit_rows(limits, words):
    """(name, value) of each; those that are counted in bytes as sizes."""
    rows = []
    for name in sorted(limits):
        sized = name.endswith("Size")
        rows.append((name, formatting.size(limits[name], words) if sized else str(limits[name])))
    return rows
