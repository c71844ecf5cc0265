"""Draws the card above the composer: what is being loaded, how far it is, how long it still takes.

Also lights the welcome's stars, one after the other, as the model arrives.
"""

from ui.words import formatting

LAYERS = "layers"


def role_words(role, words):
    """A shard's role for people: ``layers 0-5`` stays nearly as it is."""
    if role.startswith(LAYERS):
        return words("role_layers", range=role[len(LAYERS) :].replace(":", " ").strip()).strip()
    return words("role_" + role) if words.has("role_" + role) else role


def facts(load, words):
    """The line under the bars: how much, how fast, how long, from where."""
    parts = []
    if load.total and not load.from_storage:  # what lies on the device whole has nothing left to bring
        parts.append(formatting.size_pair(load.loaded, load.total, words))
    if load.active and load.phase == "downloading" and load.loaded < load.total:
        if load.speed:
            parts.append(formatting.speed(load.speed, words))
        left = formatting.time_left(load.seconds_left, words)
        if left:
            parts.append(left)
    if load.shards and load.active:
        done = len([shard for shard in load.shards if shard["state"] in ("stored", "loaded")])
        if load.phase == "loading_shard":
            done = len([shard for shard in load.shards if shard["state"] == "loaded"])
        parts.append(words("parts", done=done, total=len(load.shards)))
    if load.active:
        parts.append(words("from_device") if load.from_storage else words("from_network"))
    return parts


class LoadingView:
    """``act(action)``: pause, resume or retry."""

    def __init__(self, dom, words, act):
        self._dom = dom
        self._words = words
        self._card = dom.by_id("loading")
        self._phase = dom.by_id("loading-phase")
        self._percent = dom.by_id("loading-percent")
        self._overall = dom.by_id("loading-overall")
        self._parts = dom.by_id("loading-parts")
        self._facts = dom.by_id("loading-facts")
        self._button = dom.by_id("loading-action")
        self._stars = dom.all("#sky .star")
        self._bars = {}
        self._shown = {}
        self._lit = -1
        self._action = None
        dom.on(self._button, "click", lambda _event: act(self._action))

    def draw(self, state, words):
        load = state.load
        if state.install and state.engine == "booting":
            done, total = state.install
            self._show(words("boot_install"), formatting.percent(done, total), "")
            self._line([formatting.size_pair(done, total, words), words("from_network")] if total else [])
            self._offer(None, words)
            self._parts.hidden = True
        elif load is None and state.offer_load:
            self._show(words("load_offer"), None, "paused")
            self._line([])
            self._offer("resume", words, "load_now")
        elif load is None or load.phase == "ready":
            self._set("card", True, lambda value: setattr(self._card, "hidden", value))
        else:
            self._draw_load(load, words)
        self._light(load, state)

    def _draw_load(self, load, words):
        percent = formatting.percent(load.loaded, load.total)
        title = words("phase_" + load.phase) if words.has("phase_" + load.phase) else load.phase
        if load.phase == "downloading" and load.total and load.loaded >= load.total:
            title = words("phase_verifying")
        if load.phase == "failed" and load.error:
            title = words.error(load.error["code"], load.error["message"])[0]
        self._show(title, percent, load.phase)
        if load.phase == "failed" and load.error:
            self._line([words.error(load.error["code"], load.error["message"], load.error["hint"])[1]])
        else:
            self._line(facts(load, words))
        actions = {"paused": ("resume", "resume"), "failed": ("resume", "retry"), "downloading": ("pause", "pause")}
        action, label = actions.get(load.phase, (None, None))
        self._offer(action, words, label)
        self._draw_parts(load, words)

    def _set(self, name, value, act):
        if self._shown.get(name, self) != value:
            self._shown[name] = value
            act(value)

    def _show(self, title, percent, phase):
        self._set("card", False, lambda value: setattr(self._card, "hidden", value))
        self._set("phase", phase, lambda value: self._card.setAttribute("data-phase", value))
        self._set("title", title, lambda value: setattr(self._phase, "textContent", value))
        whole = None if percent is None else int(percent)
        text = "" if whole is None else str(whole) + "\u202f%"
        self._set("percent", text, lambda value: setattr(self._percent, "textContent", value))
        self._set("bar-hidden", percent is None, lambda value: setattr(self._overall, "hidden", value))
        if percent is not None:
            self._set("overall", int(percent * 10) / 10, lambda value: setattr(self._overall, "value", value))
        self._set("label", self._words("overall"), lambda value: self._overall.setAttribute("aria-label", value))

    def _line(self, parts):
        self._set("line", " · ".join(parts), lambda value: setattr(self._facts, "textContent", value))

    def _offer(self, action, words, label=None):
        self._action = action
        self._set("offer", (action, words.lang), lambda value: self._set_button(action, label, words))

    def _set_button(self, action, label, words):
        self._button.hidden = action is None
        self._button.textContent = words(label) if label else ""

    def _draw_parts(self, load, words):
        key = (load.model, load.version, len(load.shards), words.lang)
        if self._shown.get("parts") != key:
            self._shown["parts"] = key
            self._make_parts(load, words)
        self._set("parts-hidden", not load.shards, lambda value: setattr(self._parts, "hidden", value))
        for shard in load.shards:
            bar = self._bars.get(shard["sha256"])
            if bar is None:
                continue
            look = (int(formatting.percent(shard["loaded"], shard["size"])), shard["state"])
            if bar[1] != look:
                if bar[1][0] != look[0]:
                    bar[0].value = look[0]
                if bar[1][1] != look[1]:
                    bar[0].setAttribute("data-state", look[1])
                bar[1] = look

    def _make_parts(self, load, words):
        self._parts.replaceChildren()
        self._bars = {}
        total = len(load.shards)
        for index, shard in enumerate(load.shards):
            label = words("part", number=index + 1, total=total, role=role_words(shard["role"], words))
            bar = self._dom.el("progress", "part", attributes={"max": "100", "value": "0", "aria-label": label})
            bar.title = label + ", " + formatting.size(shard["size"], words)
            # The square root keeps small parts visible beside large ones.
            bar.style.flexGrow = str(max(1.0, (shard["size"] / 100_000) ** 0.5))
            self._parts.appendChild(bar)
            self._bars[shard["sha256"]] = [bar, (0, "")]

    def _light(self, load, state):
        if load is None:
            share = 1.0 if state.model else 0.0
        else:
            share = 1.0 if load.phase == "ready" else formatting.percent(load.loaded, load.total) / 100
        lit = int(share * len(self._stars))
        if lit != self._lit:
            self._lit = lit
            for index, star in enumerate(self._stars):
                star.classList.toggle("lit", index < lit)
