"""What people do on the page and what they see there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import JSHandle, Locator, Page, expect

from e2e.support.waiting import PATIENCE_S, until

ENDS = ("success", "error", "cancelled")
KEY = "orion.preferences"
LABELS = {"kernel": "Kernel, 2 threads", "onnxruntime": "WASM, 2 threads"}
"""What the engine calls what computes, by the setting's word for it."""
Language = Literal["en", "fr"]
WORDS = {
    "en": {
        "message": "Message",
        "send": "Send",
        "stop": "Stop",
        "settings": "Settings",
        "close": "Close",
        "retry": "Retry",
        "advanced": "Advanced",
        "runner": "Computes with",
    },
    "fr": {
        "message": "Message",
        "send": "Envoyer",
        "stop": "Arrêter",
        "settings": "Réglages",
        "close": "Fermer",
        "retry": "Réessayer",
        "advanced": "Réglages avancés",
        "runner": "Calcule avec",
    },
}


@dataclass
class Answer:
    """One answer of the page: an ``<article>`` of the conversation."""

    page: Page
    article: Locator

    @property
    def state(self) -> str:
        return self.article.get_attribute("data-state") or ""

    @property
    def text(self) -> str:
        """The answer alone, without what the page says around it."""
        return self.article.locator(".answer").inner_text().strip()

    @property
    def error(self) -> str:
        """What went wrong, in the page's words; details that stay folded are left out."""
        return self.article.locator(".error").inner_text()

    @property
    def notes(self) -> list[str]:
        return self.article.locator(".notes li").all_inner_texts()

    @property
    def others_notes(self) -> list[str]:
        """Without the one on the model itself, which stands under a visit's first answers."""
        return [note for note in self.notes if "seldom right" not in note]

    def fact(self, name: str) -> Locator:
        """One of agent, model, backend, rate, first-token in the line under the answer."""
        return self.article.locator(f'[data-field="{name}"]')

    @property
    def backend(self) -> str:
        """The engine's own words for the backend, like "Kernel, 2 threads"."""
        return self.fact("backend").get_attribute("title") or ""

    def comes_to(self, *states: str) -> None:
        """Waits until the answer is in one of ``states``; an end that isn't among them fails at once."""
        until(self.page, f"the answer comes to {states}", lambda: self.state in (*states, *ENDS))
        assert self.state in states, f"the answer ended as {self.state}: {self.article.inner_text()}"

    def grows(self, beyond: int = 0) -> str:
        """Waits until more than ``beyond`` characters are on the page, and answers with them."""
        return until(self.page, f"more than {beyond} characters", lambda: len(t := self.text) > beyond and t)

    def is_watched(self) -> JSHandle:
        """A list in the page that takes down every text that the answer has from now on."""
        return self.article.evaluate_handle(
            """article => {
                const texts = [];
                const takesDown = () => {
                    const text = article.querySelector(".answer")?.innerText.trim() ?? "";
                    if (text && text !== texts.at(-1)) { texts.push(text); }
                };
                new MutationObserver(takesDown).observe(article, {childList: true, characterData: true, subtree: true});
                takesDown();
                return texts;
            }"""
        )

    def succeeds(self) -> str:
        """Waits for the whole answer."""
        self.comes_to("success")
        expect(self.article.locator(".answer")).not_to_be_empty()  # the words are drawn a frame after the state
        text = self.text
        assert text, "the answer is empty"
        return text


@dataclass
class Person:
    """Somebody in front of the page, who reads it by roles and labels as assistive technology does."""

    page: Page
    url: str
    language: Language = "en"

    # looking

    @property
    def message(self) -> Locator:
        return self.page.get_by_role("textbox", name=WORDS[self.language]["message"])

    @property
    def send(self) -> Locator:
        return self.page.get_by_role("button", name=WORDS[self.language]["send"], exact=True)

    @property
    def stop(self) -> Locator:
        return self.page.get_by_role("button", name=WORDS[self.language]["stop"], exact=True)

    @property
    def conversation(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def answers(self) -> Locator:
        return self.conversation.locator('article[data-role="assistant"]')

    @property
    def questions(self) -> Locator:
        return self.conversation.locator('article[data-role="user"]')

    @property
    def loading(self) -> Locator:
        """The card that says how far the model is."""
        return self.page.locator("#loading")

    @property
    def engine(self) -> str:
        """``data-engine``: booting, ready, degraded or failed."""
        return self.page.locator("html").get_attribute("data-engine") or ""

    @property
    def notices(self) -> str:
        return " ".join(self.page.locator("#notices").all_inner_texts())

    # doing

    def opens(self) -> None:
        """Opens the page and waits until it listens."""
        self.page.goto(self.url)
        self.listens()

    def visits(self, path: str) -> None:
        """A file of the site instead of the app: the same origin, and no engine."""
        self.page.goto(self.url + path)

    def reloads(self) -> None:
        self.page.reload()
        self.listens()

    def listens(self) -> None:
        """The page's logic is up: it says whether it is busy."""
        self.page.locator("html[data-busy]").wait_for(state="attached", timeout=PATIENCE_S * 1000)

    def waits_for_the_engine(self, *states: str) -> None:
        wanted = states or ("ready",)
        until(self.page, f"the engine is {wanted}", lambda: self.engine in (*wanted, "failed"))
        assert self.engine in wanted, f"the engine is {self.engine}: {self.notices}"

    def waits_for_the_model(self) -> None:
        """Until it can answer at once: the status line names the model and nothing loads."""
        expect(self.page.locator("#status-model")).to_have_text(re.compile(r"."))
        expect(self.loading).to_be_hidden()

    def asks(self, question: str) -> Answer:
        """Types a question and presses Send."""
        reading = self.conversation.get_attribute
        until(self.page, "the conversation is read", lambda: reading("aria-busy") != "true")
        before = set(self._turns())
        self.message.fill(question)
        self.send.click()
        turn = until(self.page, "the answer's turn", lambda: next((t for t in self._turns() if t not in before), None))
        return Answer(self.page, self.conversation.locator(f'article[data-turn="{turn}"]'))

    def recalls(self, word: str, question: str) -> bool:
        """Whether an answer holds ``word``. A small model that was told it forgets it at times, and
        so is asked again; one that wasn't told never finds it."""
        return any(word in self.asks(question).succeeds() for _ in range(4))

    def _turns(self) -> list[str]:
        ids: list[str] = self.answers.evaluate_all("articles => articles.map(article => article.dataset.turn)")
        return ids

    def retries(self, answer: Answer) -> None:
        """Presses Retry and waits until the end it stood under is gone, so that it isn't read as the new one."""
        button = answer.article.get_by_role("button", name=WORDS[self.language]["retry"]).element_handle()
        assert button is not None
        button.click()
        button.wait_for_element_state("hidden")

    def stops(self) -> None:
        self.stop.click()

    def cuts_short(self, answer: Answer) -> None:
        """Stops ``answer`` if it is still being written; a short one may have ended by itself.

        The button is looked for and pressed in one step of the page, since the answer may end between two.
        """
        self.stop.evaluate_all("buttons => buttons.forEach(button => button.click())")
        answer.comes_to("cancelled", "success")

    def computes_with(self, runner: Literal["auto", "kernel", "onnxruntime"]) -> None:
        """Chooses in the settings what computes."""
        words = WORDS[self.language]
        self.page.get_by_role("button", name=words["settings"], exact=True).click()
        dialog = self.page.get_by_role("dialog", name=words["settings"])
        dialog.get_by_text(words["advanced"], exact=True).click()
        dialog.get_by_label(words["runner"]).select_option(runner)
        dialog.get_by_role("button", name=words["close"], exact=True).click()

    def has_chosen(self, runner: Literal["auto", "kernel", "onnxruntime"]) -> None:
        """Comes with that choice from an earlier visit."""
        kept = json.dumps({"engine": {"runner": runner}})
        self.page.add_init_script(f"localStorage.getItem({KEY!r}) ?? localStorage.setItem({KEY!r}, {kept!r});")

    def wants(self, style: Literal["auto", "precise", "creative"]) -> None:
        """Chooses how answers are written; "precise" always takes the likeliest word."""
        words = WORDS[self.language]
        self.page.get_by_role("button", name=words["settings"], exact=True).click()
        dialog = self.page.get_by_role("dialog", name=words["settings"])
        dialog.locator("#set-style").select_option(style)
        dialog.get_by_role("button", name=words["close"], exact=True).click()
