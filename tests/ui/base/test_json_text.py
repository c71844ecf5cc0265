"""Text that crosses as JSON arrives as it was written, in MicroPython too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_support.node import find
from ui.base.json_text import joined, read

ROOT = Path(__file__).parents[3]
TEXTS = st.text() | st.text(st.sampled_from('\\u😀d83dDE00"/nué\U0010ffff'))


@given(
    value=st.recursive(TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))
)
def test_any_value_is_read_from_ascii_and_from_plain_text(value: object) -> None:
    for ascii_only in (True, False):
        assert read(json.dumps(value, ensure_ascii=ascii_only)) == value


@given(text=TEXTS)
def test_no_escape_of_a_pair_is_left(text: str) -> None:
    assert "\\ud83d\\ude00" not in joined(json.dumps("😀" + text)).replace("\\\\", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d"', "\ufffd"),
        (r'"\ude00\ud83d!"', "\ufffd\ufffd!"),
        (r'"\\ud83d\\ude00"', r"\ud83d\ude00"),
        (r'"\\\ud83d\ude00"', "\\😀"),
        (r'"\uD83D\uDE00\u0041"', "😀A"),
        (r'"\ud83d\u0041"', "\ufffdA"),
    ],
)
def test_pairs_halves_and_escaped_backslashes_are_told_apart(text: str, value: str) -> None:
    assert read(text) == value


@pytest.mark.parametrize("text", ['"\\ud83', '"\\ud83g"', "", "{", '"\\ud83d\\u"'])
def test_what_is_no_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


def test_micropython_reads_an_emoji_written_as_escapes(tmp_path: Path) -> None:
    library = ROOT / "node_modules" / "@micropython" / "micropython-webassembly-pyscript" / "micropython.mjs"
    source = (ROOT / "web" / "ui" / "base" / "json_text.py").read_text("utf-8")
    expected = {"prompt": "😀 Привет 👩‍👩‍👧 é \\ud83d", "n": 1}
    probe = f"said = read({json.dumps(json.dumps(expected))})\nprint(said['prompt'])\nprint(len(said['prompt']))\n"
    script = tmp_path / "main.mjs"
    script.write_text(
        f"import {{ loadMicroPython }} from {json.dumps(library.as_uri())};\n"
        "const python = await loadMicroPython({ linebuffer: true });\n"
        f"python.runPython({json.dumps(source + chr(10) + probe)});\n"
    )
    run = subprocess.run(
        [str(find().program), str(script)], capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert run.stdout.splitlines() == [expected["prompt"], str(len(str(expected["prompt"])))]
