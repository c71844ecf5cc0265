"""The agent workshop as a person uses it: the dialog, its form and PyScript's editor."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

ENDED = re.compile("^(?:done|error|time|output|stopped|crash)$")


@dataclass
class Workshop:
    """Of an English page."""

    page: Page

    @property
    def dialog(self) -> Locator:
        return self.page.locator("#workshop")

    @property
    def editor(self) -> Locator:
        """The text of PyScript's editor, two frames below the page."""
        frame = self.dialog.frame_locator(".code-place iframe").frame_locator("iframe")
        return frame.get_by_role("textbox", name="Python code")

    @property
    def trial(self) -> Locator:
        return self.dialog.locator(".trial-output")

    def row(self, name: str) -> Locator:
        return self.dialog.get_by_role("button", name=f"Edit {name}")

    def opens(self) -> None:
        self.page.get_by_role("button", name="Workshop", exact=True).click()
        expect(self.dialog).to_be_visible()

    def leaves(self) -> None:
        self.dialog.get_by_role("button", name="Close").click()
        expect(self.dialog).to_be_hidden()

    def begins(self) -> None:
        """An empty form, by the chooser beside the message box."""
        self.page.get_by_label("Agent", exact=True).select_option(label="New agent…")
        expect(self.dialog.get_by_label("Name", exact=True)).to_be_focused()

    def writes(self, name: str, prompt: str, examples: str = "", code: str = "") -> None:
        self.dialog.get_by_label("Name", exact=True).fill(name)
        self.dialog.get_by_label("Prompt", exact=True).fill(prompt)
        self.dialog.get_by_label("Examples", exact=True).fill(examples)
        if code:
            self.codes(code)

    def codes(self, code: str) -> None:
        """Writes into PyScript's editor."""
        box = self.dialog.locator(".code-box")
        if box.get_attribute("data-editor") == "off":
            self.dialog.locator("summary").click()
        expect(box).to_have_attribute("data-editor", "editor")
        self.editor.fill(code)
        expect(self.dialog.locator("#workshop-code")).to_have_value(re.compile(re.escape(code.strip()) + r"\s*$"))

    def saves(self) -> None:
        name = self.dialog.get_by_label("Name", exact=True).input_value()
        self.dialog.get_by_role("button", name="Save", exact=True).click()
        expect(self.dialog.get_by_text(f"{name} is saved")).to_be_visible()

    def tries(self, question: str) -> str:
        """How it ended; ``trial`` shows the rest."""
        self.dialog.get_by_label("A question").fill(question)
        self.dialog.get_by_role("button", name="Try", exact=True).click()
        expect(self.trial).to_have_attribute("data-run", ENDED)
        return self.trial.get_attribute("data-run") or ""
