"""What V8's ranges say of lines: which ran in any test, and what is no line of code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from e2e.support import js_coverage
from e2e.support.js_coverage import Reached, counted

SOURCE = """// a comment
/** and
 * another */
export function used() {
  return 1;
}

export function unused() {
  return 2;
}
"""


@pytest.fixture(autouse=True)
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(js_coverage, "WEB", tmp_path)
    (tmp_path / "bridge").mkdir()
    (tmp_path / "bridge" / "two.js").write_text(SOURCE)
    return tmp_path


def script(*ran: str, size: int = len(SOURCE)) -> dict[str, Any]:
    """As V8 tells it when the functions of these names ran."""
    functions = [{"ranges": [{"startOffset": 0, "endOffset": size, "count": 1}]}]
    for name in ("used", "unused"):
        start = SOURCE.index(f"function {name}")
        inner = {"startOffset": start, "endOffset": SOURCE.index("}", start) + 1, "count": int(name in ran)}
        functions.append({"ranges": [inner]})
    return {"url": "http://localhost:8000/bridge/two.js", "functions": functions}


def test_a_function_that_ran_in_any_test_counts_and_comments_never_do() -> None:
    reached = Reached()
    reached.add([script("used")])
    assert reached.lines("bridge/two.js") == (3, 6)
    reached.add([script("unused")])
    assert reached.lines("bridge/two.js") == (6, 6)


def test_what_another_process_counted_is_added(tmp_path: Path) -> None:
    first, second = Reached(), Reached()
    first.add([script("used")])
    first.save(tmp_path / "counts" / "1.json")
    second.add([script("unused")])
    second.merge(tmp_path / "counts" / "1.json")
    assert second.lines("bridge/two.js") == (6, 6)


def test_a_stand_in_at_the_same_address_is_not_the_file() -> None:
    reached = Reached()
    reached.add([script("used", size=len(SOURCE) + 40)])
    assert reached.files == {}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/bridge/two.js?v=1", "bridge/two.js"),
        ("https://host/vendor/ort/ort.mjs", None),
        ("https://host/bridge/none.js", None),
        ("", None),
    ],
)
def test_only_our_own_files_count(url: str, name: str | None) -> None:
    assert counted(url) == name


def test_the_report_names_what_no_test_ran_and_ends_with_all(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("start();\n")
    reached = Reached()
    reached.add([script("used", "unused")])
    reached.save(tmp_path / "counts" / "1.json")
    assert [line.split() for line in js_coverage.report(tmp_path / "counts")] == [
        ["0.0%", "app.js"],
        ["100.0%", "bridge/two.js"],
        ["85.7%", "all", "JavaScript"],
    ]
