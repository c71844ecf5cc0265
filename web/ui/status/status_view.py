"""Sets ``data-engine`` and ``data-router`` on the root, and draws the line under the composer: the engine's state and
what runs.
"""

from ui.answers.answer_view import backend_words

STATUS = {
    "booting": "status_booting",
    "ready": "status_ready",
    "degraded": "status_degraded",
    "failed": "status_failed",
}


class StatusView:
    def __init__(self, dom):
        self._root = dom.document.documentElement
        self._text = dom.by_id("status-text")
        self._model = dom.by_id("status-model")

    def draw(self, state, words):
        self._root.dataset.engine = state.engine
        self._root.dataset.router = state.router
        self._root.dataset.busy = "true" if state.conversation.current else "false"
        key = STATUS[state.engine]
        if state.engine == "booting":
            if state.restarting:
                key = "status_restarting"
            elif state.install and state.boot_phase == "reload":
                key = "boot_reload"
        elif state.engine != "failed" and state.conversation.current:
            key = "status_working"
        coming = state.engine != "failed" and not state.model and state.load is not None and state.load.active
        if coming and key in ("status_ready", "status_degraded"):  # it takes questions, and can't answer them yet
            key = "status_loading" if state.load.from_storage else "status_fetching"
        self._root.dataset.model = "coming" if coming else "here" if state.model else "none"
        self._text.textContent = words(key)
        parts = [state.model_name(state.model), backend_words(state.backend, words)]
        self._model.textContent = " · ".join([part for part in parts if part])
        if state.limits:
            self._text.parentNode.title = " ".join([words(limit) for limit in state.limits if words.has(limit)])
