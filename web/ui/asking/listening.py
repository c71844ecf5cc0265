"""Opens the microphone, brings its sound to the engine, and tells what is said while somebody says it.

``start(tell)`` calls ``tell`` with dicts, in this order:

    {"what": "open", "echo"}                       it records; the page has said since the browser opened the microphone
                                                   that it is open, and says so until it is closed; echo: the browser
                                                   takes out of it what it plays itself
    {"what": "level", "level", "seconds"}          how loud it is, 0 to 1, and how much is recorded: ten times a second
    {"what": "speech_start", "at_s"}               somebody begins to speak
    {"what": "partial", "text", "settled"}         the utterance as it is heard by now, in place of the partial before
    {"what": "final", "text", "language", …}       the utterance is over, and this is what was said
    {"what": "turn_end", "text"}                   nobody goes on: all utterances since the last one of these
    {"what": "closed", "why"}                      the microphone is closed, and the engine writes down the rest. ""
                                                   after ``stop``; else denied, missing, busy, unsupported, unplugged
    {"what": "ended", "error"}                     the last one, whatever happened: the engine's error, or None

``text`` is what was said by then. After ``cancel`` nothing is told any more.
"""

from ui.base.json_text import read

TITLE = "Orion"
HEARD = ("speech_start", "partial", "final", "turn_end")


LIKELY = ("fr", "en")
MOST = 20
"""Of a request's ``likely``."""


def spoken(languages):
    """What a person may speak whose browser has these ``languages``, such as "de-CH": these, and Orion's own."""
    found = []
    for code in [language.lower().partition("-")[0] for language in languages] + list(LIKELY):
        if code and len(code) <= 3 and code not in found:
            found.append(code)
    return found[:MOST]


class Listening:
    """``page``: the App, whose client, bridge and words are used. There is one, for whoever wants to listen: one at
    a time."""

    def __init__(self, page):
        self._page, self._client, self._bridge = page, page.client, page.bridge
        self._sign = page.dom.by_id("microphone-sign")
        self._run = 0  # what an earlier one still says concerns nobody
        self._tell = self._language = self._microphone = self._request = None
        self._finals, self._partial = [], ""

    @property
    def busy(self):
        """Whether somebody listens already, or the engine still writes down what was said."""
        return self._tell is not None

    @property
    def text(self):
        return " ".join(self._finals + ([self._partial] if self._partial else []))

    # what a caller does

    def start(self, tell, language=None):
        """Opens the microphone, where the person allows it. ``language``: "en", "fr", …; None to find it out. True if
        it could begin: nobody listens yet."""
        if self.busy:
            return False
        self._run += 1
        run = self._run
        self._tell, self._language = tell, language
        self._microphone = self._request = None
        self._finals, self._partial = [], ""
        self._bridge.openMicrophone(lambda text: self._recorded(run, read(text))).then(
            lambda microphone: self._here(run, microphone),
            lambda *_: self._recorded(run, {"what": "closed", "why": "unsupported"}),
        )
        return True

    def stop(self):
        """Closes the microphone; what was said is still written down."""
        if self._microphone:
            self._microphone.stop()
        elif self.busy:  # it isn't there yet
            self._recorded(self._run, {"what": "closed", "why": ""})

    def cancel(self):
        """Closes it, and what isn't written down yet is dropped."""
        if not self.busy:
            return
        request = self._request
        self._finish()
        if request:
            self._client.cancel(request)

    def forget(self):
        """What was said by now is the caller's affair no more: ``text`` begins anew."""
        self._finals, self._partial = [], ""

    # what comes of it

    def _here(self, run, microphone):
        if run == self._run and self.busy:
            self._microphone = microphone
            microphone.start()

    def _recorded(self, run, message):
        """The microphone says something."""
        if run != self._run or not self.busy:
            return
        what = message["what"]
        if what == "live":
            self._show(True)
            return
        if what == "open":
            self._opened(run, message)
            return
        if what == "closed":
            self._show(False)
            self._microphone = None
        self._tell(message)
        if what == "closed" and run == self._run:
            if self._request:
                self._client.ask("heard_all", {"request": self._request})
            else:
                self._over(None)

    def _opened(self, run, message):
        self._tell(message)
        if run != self._run:
            return  # who was told wants it no more
        request = self._client.ask(
            "listen",
            {"language": self._language, "likely": spoken(self._page.able["languages"])},
            lambda end: self._ended(run, end),
            lambda event: self._heard(run, event),
            source=self._microphone,
        )
        if run == self._run:  # else it has ended at once
            self._request = request
            self._listens(True)

    def _heard(self, run, event):
        """The engine says something."""
        if run != self._run or event["type"] not in HEARD:
            return
        if event["type"] == "partial":
            self._partial = event["text"]
        elif event["type"] == "final":
            self._partial = ""
            if event["text"]:
                self._finals = self._finals + [event["text"]]
        message = {"what": event["type"]}
        message.update(event)
        self._tell(message)

    def _ended(self, run, end):
        if run == self._run and self.busy:
            self._over(end["error"] if end["type"] == "error" else None)

    def _over(self, error):
        tell = self._tell
        self._finish()
        tell({"what": "ended", "error": error})

    def _finish(self):
        microphone = self._microphone
        self._tell = self._microphone = self._request = None
        self._show(False)
        self._listens(False)
        self._run += 1
        if microphone:
            microphone.stop()

    def _listens(self, begins):
        self._page.state.listens(begins)
        self._page.redraw()

    def _show(self, is_open):
        """A microphone is never open without a visible sign, on the page and in the tab's title."""
        self._sign.hidden = not is_open
        self._page.dom.document.title = "● " + self._page.words("microphone_open") + " – " + TITLE if is_open else TITLE
