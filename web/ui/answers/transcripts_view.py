"""Draws what was heard in a question's recordings, below the answer, with its times, to be read and saved."""

from ui.words import formatting

FORMS = (("text", "txt", "text/plain"), ("srt", "srt", "application/x-subrip"), ("vtt", "vtt", "text/vtt"))
"""A recording's field, the file's ending and its type."""


def heard_words(recording, words):
    """Its lines, each with the time at which it begins."""
    segments = recording.get("segments") or []
    lines = [formatting.clock(each["start"]) + "\u2002" + each["text"] for each in segments]
    return "\n".join(lines) or words("nobody_speaks")


def file_of(turn, question, place, form):
    """(name, text, type) of a transcript to be saved, or None for what isn't there."""
    recordings = turn.meta.get("recordings") or []
    found = [each for each in FORMS if each[0] == form]
    if not found or not 0 <= place < len(recordings):
        return None
    name = name_of(question, place) or "orion-transcript"
    stem = name.rsplit(".", 1)[0] or name
    return stem + "." + found[0][1], recordings[place].get(form) or "", found[0][2]


def name_of(question, place):
    """That of the recording's file, "" where it isn't known any more."""
    names = [file["name"] for file in question.attached if file["kind"] == "audio"] if question else []
    return names[place] if place < len(names) else ""


class TranscriptsView:
    """Its buttons carry ``data-action="save-transcript"``, the recording's place and the form. The lines are drawn when
    somebody opens them: hours of speech have thousands."""

    def __init__(self, dom, words):
        self._dom, self._words = dom, words
        self.node = dom.el("div", "transcripts")
        self.node.hidden = True

    def draw(self, turn, question):
        recordings = turn.meta.get("recordings") or []
        self.node.hidden = not recordings or turn.busy
        self.node.replaceChildren()
        if self.node.hidden:
            return
        for place, recording in enumerate(recordings):
            self.node.appendChild(self._of(recording, place, name_of(question, place)))
        spoken = question is not None and not question.text.strip()
        if spoken and turn.agent != "speech":  # else nobody would see what the question was
            first = self.node.firstElementChild
            first.open = True

    def _of(self, recording, place, name):
        dom, words = self._dom, self._words
        details = dom.el("details", "transcript")
        label = words("transcript_of", name=name) if name else words("transcript")
        summary = dom.el("summary", None, label)
        summary.appendChild(dom.el("small", None, formatting.clock(recording.get("seconds") or 0)))
        lines = dom.el("p", "transcript-lines", attributes={"dir": "auto"})
        language = recording.get("language")
        if language:
            lines.setAttribute("lang", language)
        details.append(summary, lines)
        dom.on(details, "toggle", lambda _event: self._fill(lines, recording))
        if recording.get("segments"):
            details.appendChild(self._buttons(place))
        return details

    def _fill(self, lines, recording):
        if not lines.textContent:
            lines.textContent = heard_words(recording, self._words)

    def _buttons(self, place):
        dom, words = self._dom, self._words
        group = dom.el("div", "transcript-save", attributes={"role": "group", "aria-label": words("transcript_save")})
        group.appendChild(dom.el("span", "faint", words("transcript_save")))
        for form, _, _ in FORMS:
            button = dom.button("save-transcript", words("transcript_" + form))
            button.setAttribute("data-form", form)
            button.setAttribute("data-place", str(place))
            group.appendChild(button)
        return group
