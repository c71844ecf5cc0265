"""Shows the models' settings: which one answers, versions, and adding one by its address."""

from ui.words import formatting

UNSTATED = "not stated"  # orion_py.external.texts's word

HUB = "https://huggingface.co"
"""Where an id like ``owner/name`` is looked up, if the site was built to let the page talk to it."""


LARGE = "large"  # the tier of models that come only when they are asked for


def offered_models(rows):
    """The models that this device may use, as the status has them."""
    return [row for row in rows or [] if row.get("offered") is not False]


def waits_for_nothing(model, rows):
    """Whether a question leaves it to the engine when ``model``, which the person chose, answers: a large
    one does as soon as it is in memory, and nobody waits for it."""
    return model in [row["id"] for row in rows or [] if row.get("tier") == LARGE]


def choice_words(row, words):
    """A model in the list of those that may answer; of a large one its size, too."""
    title = row.get("title") or row["id"]
    if row.get("tier") == LARGE and row.get("download_bytes"):
        title += " · " + formatting.size(row["download_bytes"], words)
    return title


def large_words(row, words):
    """What a large model costs and when it answers."""
    return words(
        "model_large",
        model=row.get("title") or row["id"],
        size=formatting.size(row.get("download_bytes") or 0, words),
        memory=formatting.size(row.get("memory_bytes") or 0, words),
    )


def sense_words(row, words):
    """A model that sees, hears or speaks: what it weighs, and when it comes."""
    return words(
        "model_sense_" + row["sense"],
        model=row.get("title") or row["id"],
        size=formatting.size(row.get("download_bytes") or 0, words),
        licence=row.get("licence") or words("licence_unstated"),
    )


def hub_allowed(dom):
    """Whether the page's own policy lets it talk to Hugging Face."""
    for meta in dom.all("[http-equiv=Content-Security-Policy]"):
        for rule in str(meta.content).split(";"):
            if rule.split()[:1] == ["connect-src"] and HUB in rule.split():
                return True
    return False


def version_rows(versions):
    """(model, version in use, version to go back to or None) of each model that is kept."""
    return [(row["model"], row["current"], row.get("previous")) for row in versions or [] if row.get("current")]


def offer_words(entry, words):
    """What an added model is and weighs, before a byte of it moves."""
    licence = entry["licence"]
    text = words(
        "model_offer",
        model=entry["title"],
        family=entry["family"][:1].upper() + entry["family"][1:],
        size=formatting.size(entry["download_bytes"], words),
        memory=formatting.size(entry["memory_bytes"], words),
        licence=words("licence_unstated") if licence == UNSTATED else licence,
        source=entry.get("source") or "?",
    )
    if entry.get("file"):
        text += " " + words("model_offer_file", file=entry["file"])
    return text


def refusal_words(error, words):
    """Why a model can't be added; what is wrong with its folder is the engine's to say."""
    what, hint = words.error(error["code"], error.get("message", ""), error.get("hint", ""))
    text = what + ". " + hint
    explained = error.get("family") == "invalid_model" or error["code"] == "too_large"
    if explained and error.get("message"):
        text += " " + words("model_why", why=error["message"])
    return text


class ModelsSettings:
    """``ask`` as the client's; ``on_change(name, value)`` keeps a preference; ``settled(message)`` takes the end
    of a request that changes the models; ``state`` knows by then what it changed."""

    def __init__(self, dom, words, preferences, ask, on_change, state, settled):
        self._dom, self._words, self._preferences, self._ask = dom, words, preferences, ask
        self._state, self._settled = state, settled
        self._list = dom.by_id("model-versions")
        self._note = dom.by_id("versions-note")
        self._check = dom.by_id("version-check")
        self._choice = dom.by_id("set-model")
        self._address = dom.by_id("model-address")
        self._offer = dom.by_id("model-offer")
        self._add = dom.by_id("model-add")
        if hub_allowed(dom):
            dom.by_id("model-hub").setAttribute("data-words", "model_hub")
            dom.by_id("model-hub").textContent = words("model_hub")
        self._rows = []
        self._models = []
        self._back = None  # the model that goes back now
        self._offered = None  # the address whose model is shown
        dom.on(self._list, "click", self._clicked)
        dom.on(self._check, "click", lambda _event: self._look())
        dom.on(self._choice, "change", lambda _event: self._chosen(on_change))
        dom.on(dom.by_id("model-inspect"), "click", lambda _event: self._inspect())
        dom.on(self._add, "click", lambda _event: self._change("model.add", {"address": self._offered}))

    def draw(self, state):
        dom, words = self._dom, self._words
        self._draw_choice(state)
        self._rows = version_rows(state.device.get("versions"))
        kept = [model for model, _, _ in self._rows]
        added = state.device.get("added") or []
        rows = self._rows + [(model, None, None) for model in added if model not in kept]
        self._list.replaceChildren()
        for model, current, previous in rows:
            row = dom.el("li", "model-row", attributes={"data-model": model})
            name = state.model_name(model)
            text = words("version_of", model=name, version=current) if current else name
            row.appendChild(dom.el("span", None, text))
            if previous:
                row.appendChild(self._row_button("back", words("version_back", version=previous), model))
            if model in added:
                row.appendChild(self._row_button("remove", words("model_remove"), model))
            self._list.appendChild(row)
        if not rows:
            self._list.appendChild(dom.el("li", "faint", words("versions_none")))
        for row in state.device.get("coming") or []:
            attributes = {"data-coming": row["id"]}
            self._list.appendChild(dom.el("li", "faint", words("model_coming", model=row["title"]), attributes))
        for row in state.device.get("senses") or []:
            attributes = {"data-sense": row["id"]}
            self._list.appendChild(dom.el("li", "faint", sense_words(row, words), attributes))
        self._check.disabled = not self._rows

    def _row_button(self, action, label, model):
        button = self._dom.button(action, label)
        button.dataset.model = model
        return button

    def _draw_choice(self, state):
        rows = [("", self._words("model_auto"))]
        self._models = offered_models(state.device.get("models"))
        recommended = state.device.get("recommended")
        for row in self._models:
            name = choice_words(row, self._words)
            if row["id"] == recommended:
                name = self._words("model_recommended", model=name)
            rows.append((row["id"], name))
        self._choice.replaceChildren()
        for value, text in rows:
            self._choice.appendChild(self._dom.el("option", None, text, {"value": value}))
        chosen = self._preferences["model"]
        self._choice.value = chosen if chosen in [value for value, _ in rows] else ""

    def _chosen(self, on_change):
        """A large model is asked for by choosing it: it comes in the background."""
        chosen = self._choice.value
        on_change("model", chosen)
        for row in self._models:
            if row["id"] == chosen and row.get("tier") == LARGE:
                self._note.textContent = large_words(row, self._words)
                self._ask("upgrade.control", {"action": "start", "model": chosen}, self._settled)

    def _clicked(self, event):
        button = event.target.closest("[data-action]")
        if not button:
            return
        button.disabled = True
        if button.dataset.action == "back":
            self._back = button.dataset.model
            self._change("version", {"action": "back", "model": self._back})
        else:
            self._change("model.remove", {"model": button.dataset.model})

    def _look(self):
        for model, _, _ in self._rows:
            self._change("version", {"action": "check", "model": model})
        self._note.textContent = self._words("version_checking")

    def _inspect(self):
        address = self._address.value.strip()
        if address:
            self._offered = address
            self._say_offer(self._words("model_inspecting"), False)
            self._ask("model.inspect", {"address": address}, self._inspected)

    def _say_offer(self, text, can_add):
        self._offer.textContent = text
        self._add.hidden = not can_add

    def _inspected(self, message):
        if message["type"] == "error":
            self._say_offer(refusal_words(message["error"], self._words), False)
        elif message["type"] == "result":
            self._say_offer(offer_words(message["payload"]["model"], self._words), True)

    def _change(self, kind, fields):
        """Asks for what changes the models here, and says how it ended."""
        self._ask(kind, fields, lambda message: self._changed(kind, message))

    def _changed(self, kind, message):
        self._settled(message)
        if message["type"] == "error":
            text = refusal_words(message["error"], self._words)
            if kind == "version":
                self._note.textContent = text
            else:
                self._say_offer(text, False)
        elif kind == "model.add":
            self._address.value = ""
            self._say_offer(self._words("model_added"), False)
        elif self._back:
            for model, current, _ in version_rows(self._state.device.get("versions")):
                if model == self._back:
                    name = self._state.model_name(model)
                    self._note.textContent = self._words("version_back_done", model=name, version=current)
        self._back = None
        self.draw(self._state)
