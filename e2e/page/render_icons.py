"""Draws web/icons/*.png from orion.svg with Chromium: ``python e2e/page/render_icons.py``.

The maskable icon fills its square and keeps the stars within the safe circle (80 % of the width).
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

ICONS = Path(__file__).resolve().parents[2] / "web/icons"


def main() -> None:
    plain = (ICONS / "orion.svg").read_text()
    body = plain.split("</defs>")[1].replace("</svg>", "")
    square, stars = body.split("/>", 1)
    square = square.replace('rx="116"', "") + "/>"
    head = plain.split("</defs>")[0] + "</defs>"
    maskable = f'{head}{square}<g transform="translate(51 51) scale(.8)">{stars}</g></svg>'
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        for name, size, svg in (
            ("orion-192", 192, plain),
            ("orion-512", 512, plain),
            ("orion-maskable-512", 512, maskable),
        ):
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{size}px;height:{size}px}}</style>{svg}")
            page.screenshot(path=ICONS / f"{name}.png", omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
