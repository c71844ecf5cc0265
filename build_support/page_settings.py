"""Draws the engine's settings into the page, from EngineConfig: a row for each field that is ``Shown``.

In index.html ``<!-- settings -->`` stands where the usual ones belong, ``<!-- advanced settings -->`` where the others
do. The labels are in EngineConfig in English and French; a catalogue of another language may have them by their keys:
the field's name, ``<name>_<value>`` for a value, ``<name>_note`` for the note. Where it doesn't they are English.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orion_py.config import Shown

_PLACE = re.compile(r"^( *)<!-- (advanced )?settings -->\n", re.MULTILINE)
_FRENCH = "fr"


def words(language: str) -> dict[str, str]:
    """The labels by their keys."""
    from orion_py.config import shown  # in the virtual environment only

    place = int(language == _FRENCH)
    found: dict[str, str] = {}
    for name, setting in shown().items():
        found[name] = setting.label[place]
        found |= {f"{name}_{value}": label[place] for value, label in setting.options.items()}
        if setting.note is not None:
            found[f"{name}_note"] = setting.note[place]
    return found


def drawn(index: str) -> str:
    """``index`` with the rows in their places, in English."""
    from orion_py.config import shown

    def rows(place: re.Match[str]) -> str:
        lines = (
            line
            for name, setting in shown().items()
            if setting.advanced == bool(place[2])
            for line in _row(name, setting)
        )
        return "".join(f"{place[1]}{line}\n" for line in lines)

    return _PLACE.sub(rows, index)


def _row(name: str, setting: Shown) -> list[str]:
    """The lines of a setting's HTML. web/ui/settings/engine_settings.py finds the control by ``data-setting``."""
    control = f"set-{name.replace('_', '-')}"
    note = f"{control}-note"
    known = f'id="{control}" data-setting="{name}"'
    described = f' aria-describedby="{note}"' if setting.note else ""
    lines = [f'<label class="row"><span data-words="{name}">{_text(setting.label[0])}</span>']
    if setting.options:
        lines.append(f"  <select {known}{described} disabled>")
        for value, label in setting.options.items():
            lines.append(f'    <option value="{value}" data-words="{name}_{value}">{_text(label[0])}</option>')
        lines.append("  </select>")
    else:
        lines.append(f'  <input type="checkbox" {known} class="switch"{described} disabled>')
    lines.append("</label>")
    if setting.note:
        lines.append(f'<p id="{note}" class="faint row-note" data-words="{name}_note">{_text(setting.note[0])}</p>')
    return lines


def _text(text: str) -> str:
    return html.escape(text, quote=False)
