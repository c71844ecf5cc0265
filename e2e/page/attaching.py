"""What a person does with files at the page, and files to do it with."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from e2e.page.conftest import Visit

RED, GREEN, BLUE = (220, 30, 30), (30, 180, 60), (30, 60, 220)
GIVE = """([how, files]) => {
  const data = new DataTransfer();
  for (const [name, type, text] of files) {
    const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    data.items.add(new File([bytes], name, { type }));
  }
  const options = { bubbles: true, cancelable: true };
  const event = how === "paste" ? new ClipboardEvent(how, { clipboardData: data, ...options })
    : new DragEvent(how, { dataTransfer: data, ...options });
  document.getElementById("message").dispatchEvent(event);
}"""
IN_STORE = """async (act) => {
  const opening = indexedDB.open("orion-chats");
  await new Promise((resolve) => { opening.onsuccess = resolve; });
  const work = opening.result.transaction("attachments", "readwrite");
  const request = work.objectStore("attachments")[act]();
  await new Promise((resolve) => { work.oncomplete = resolve; });
  opening.result.close();
  return request.result;
}"""


def picture(form: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any) -> bytes:
    """Red above left, blue below right, with some words."""
    made = Image.new(mode, size, (*RED, 255)[: len(mode)])
    draw = ImageDraw.Draw(made)
    draw.rectangle((size[0] // 2, size[1] // 2, *size), fill=(*BLUE, 255)[: len(mode)])
    out = io.BytesIO()
    made.save(out, form, **options)
    return out.getvalue()


class Person:
    """What a person does with files at the page."""

    def __init__(self, visit: Visit, words: tuple[str, str] = ("Attach", "Remove")) -> None:
        self.visit, self.page, self._words = visit, visit.page, words

    @property
    def listed(self) -> Locator:
        return self.page.locator("#attached li:not(.coming)")

    @property
    def note(self) -> Locator:
        return self.page.locator("#attach-note")

    def chooses(self, *files: tuple[str, bytes]) -> None:
        """From a folder on disk: the browser reads them there, where their bytes would come through Playwright's pipe
        as text, 31 MB of them in half a minute on a busy machine."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=self._words[0], exact=True).click()
        folder = Path(tempfile.mkdtemp())
        for name, data in files:
            (folder / name).write_bytes(data)
        chooser.value.set_files([folder / name for name, _ in files])

    def gives(self, how: str, *files: tuple[str, bytes]) -> None:
        """``how``: "paste", "dragover" or "drop"."""
        rows = [[name, "image/png", base64.b64encode(data).decode()] for name, data in files]
        self.page.evaluate(GIVE, [how, rows])

    def removes(self, name: str) -> None:
        self.page.get_by_role("button", name=f"{self._words[1]} {name}").click()

    def shown(self, place: Locator) -> None:
        """The picture is there, and not just its frame."""
        expect(place.locator("img").first).to_have_js_property("complete", True)
        expect(place.locator("img").first).not_to_have_js_property("naturalWidth", 0)
