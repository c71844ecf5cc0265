from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.agents.fences import FenceTransform


def shaped(text: str, language: str = "python", only_code: bool = False, pieces: list[str] | None = None) -> str:
    shaper = FenceTransform(language, only_code)
    return "".join([*(shaper.push(piece) for piece in pieces or [text]), shaper.finish()])


def test_bare_code_is_put_in_a_fence() -> None:
    assert shaped("def f(x):\n    return x") == "```python\ndef f(x):\n    return x\n```"


def test_code_after_a_sentence_is_put_in_a_fence_and_the_sentence_stays_outside() -> None:
    said = "Here is the function:\n\nfunction add(a, b) {\n  return a + b;\n}\n"
    assert shaped(said, "javascript") == (
        "Here is the function:\n\n```javascript\nfunction add(a, b) {\n  return a + b;\n}\n```"
    )


def test_an_explanation_after_bare_code_stands_outside_of_the_fence() -> None:
    said = "x = 1\n\nThis sets the variable to one for later use.\n"
    assert shaped(said) == "```python\nx = 1\n```\n\nThis sets the variable to one for later use.\n"


def test_a_fence_left_open_is_closed() -> None:
    assert shaped("```python\nprint(1)") == "```python\nprint(1)\n```"
    assert shaped("```python\nprint(1)\n") == "```python\nprint(1)\n```"


def test_a_fence_that_is_right_stays_as_it_is() -> None:
    said = "Sure.\n\n```python\nprint(1)\n```\nThat prints one."
    assert shaped(said) == said


def test_a_closing_fence_for_code_that_was_never_opened_closes_the_one_put_in() -> None:
    assert shaped("print(1)\n```\nDone.") == "```python\nprint(1)\n```\nDone."


def test_prose_alone_gets_no_fence() -> None:
    said = "A list holds things in their order. You can add to it, or take from it.\n- first\n- second"
    assert shaped(said) == said


@pytest.mark.parametrize("line", ["import the goods you need", "If you like this, tell me.", "Use a loop for that."])
def test_prose_that_begins_like_code_is_prose(line: str) -> None:
    assert shaped(line) == line


def test_who_only_wants_code_gets_nothing_after_it() -> None:
    shaper = FenceTransform("python", only_code=True)
    shown = shaper.push("```python\nx = 1\n```\nThis code sets x.")
    assert (shown, shaper.done, shaper.finish()) == ("```python\nx = 1\n```\n", True, "")


def test_inside_a_fence_the_text_streams_at_once() -> None:
    shaper = FenceTransform("python")
    shaper.push("```python\n")
    assert shaper.push("print(") == "print("


LINES = st.sampled_from(
    [
        "def f(x):",
        "    return x",
        "x = 1",
        "```",
        "```python",
        "  ```",
        "~~~",
        "````",
        "",
        "This is what the function does when it is called.",
        "Well:",
        "SELECT name FROM people WHERE id = 1",
        "SELECT is the word that you need in such a case",
        "`x`",
        "``",
    ]
)
ANSWERS = st.tuples(st.lists(LINES, max_size=9), st.booleans()).map(lambda t: "\n".join(t[0]) + "\n" * t[1])


def is_balanced(text: str) -> bool:
    """Whether every fence is closed, as CommonMark reads it."""
    open_fence = ""
    for line in text.split("\n"):
        bare = line.strip()
        marks = bare[: len(bare) - len(bare.lstrip(bare[:1]))] if bare[:1] in ("`", "~") else ""
        if open_fence:
            if marks.startswith(open_fence) and bare == marks:
                open_fence = ""
        elif len(marks) >= 3 and not (marks[0] == "`" and "`" in bare[len(marks) :]):
            open_fence = marks
    return not open_fence


@given(ANSWERS)
def test_every_fence_is_closed_at_the_end(answer: str) -> None:
    assert is_balanced(shaped(answer))


@given(ANSWERS)
def test_nothing_that_was_said_is_lost_but_blank_lines_and_fences(answer: str) -> None:
    def words(text: str) -> list[str]:
        return [line for line in text.split("\n") if line.strip() and not line.strip().startswith(("```", "~~~"))]

    assert words(shaped(answer)) == words(answer)


@given(ANSWERS, st.booleans(), st.data())
def test_how_the_text_is_cut_has_no_influence(answer: str, only_code: bool, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    pieces = [answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    assert shaped(answer, only_code=only_code, pieces=pieces) == shaped(answer, only_code=only_code)
    assert shaped(answer, only_code=only_code, pieces=list(answer) or [""]) == shaped(answer, only_code=only_code)
