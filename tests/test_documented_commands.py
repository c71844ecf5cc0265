"""Every command that README and docs/ show is one that its program takes, and the cheap ones run.

A command that nobody can type is worse than none: this reads code blocks and inline code, fills in what
stands for a name of the reader's own, and hands the words to the program's own parser.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from build_support import cli as build_cli
from model_foundry import cli as foundry_cli
from orion_py.cli import commands as orion_cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = re.compile(r"(?:\.venv/bin/)?(orion|foundry)\s|(?:python3 )?build\.py\s|make\s")
INLINE = re.compile(r"`([^`\n]+)`")
ALTERNATIVES = re.compile(r"(\S+?)(?:\|\S+)+")
"""``--bits 32|16|8``: any of them."""


def shown(page: Path) -> Iterator[tuple[int, str]]:
    """(line, command) of each command that ``page`` shows, as it stands there."""
    fenced, lines = False, page.read_text("utf-8").splitlines()
    joined = ""
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            joined += line.removesuffix("\\") + " " if line.endswith("\\") else line
            if not line.endswith("\\"):
                if PROGRAMS.match(joined):
                    yield number, joined
                joined = ""
        else:
            yield from ((number, code) for code in INLINE.findall(line) if PROGRAMS.match(f"{code} "))


def words(command: str) -> list[str]:
    """The words of ``command`` with an example for each placeholder; options in brackets are taken along."""
    command = command.split(" #")[0].replace("…", "hellaswag")
    command = re.sub(r"[\[\]]", "", command)
    return shlex.split(ALTERNATIVES.sub(r"\1", command))


def parsed(command: str) -> argparse.Namespace | None:
    """Raises SystemExit where the program would refuse it. A program or command alone is its name in prose."""
    typed = words(command)
    while typed and not re.search(r"(?:^|/)(?:orion|foundry|build\.py|make)$", typed[0]):
        typed = typed[1:]
    program, arguments = Path(typed[0]).name, typed[1:]
    if program == "make":
        makefile = (ROOT / "Makefile").read_text()
        assert re.search(rf"^{arguments[0]}:", makefile, re.MULTILINE), f"the Makefile has no target {arguments[0]}"
        return None
    parse: dict[str, Callable[[list[str]], argparse.Namespace]] = {
        "orion": lambda given: orion_cli._parser().parse_args(given),
        "foundry": lambda given: foundry_cli._parser().parse_args(given),
        "build.py": build_cli.parse,
    }
    if len(arguments) <= 2 and not any(word.startswith("-") for word in arguments):
        arguments = [*arguments[:1], "--help"]  # `foundry merge` in a sentence names the command
    return parse[program](arguments)


def exit_code(command: str) -> int:
    """0 where the program takes the command."""
    try:
        parsed(command)
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


COMMANDS = [
    pytest.param(command, id=f"{page.name}:{number}: {command}")
    for page in PAGES
    if page.is_file()
    for number, command in shown(page)
]


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_is_one_that_can_be_typed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = command.replace("foundry COMMAND", "foundry import")
    assert exit_code(command) == 0, f"{command}: {capsys.readouterr().err}"


@pytest.mark.parametrize(
    "command", ["foundry polish x", "python3 build.py serve --fast", "orion chat --louder Hi", "foundry merge a b c"]
)
def test_a_command_that_cannot_be_typed_is_found(command: str) -> None:
    assert exit_code(command) == 2


def test_a_target_that_the_makefile_lacks_is_found() -> None:
    with pytest.raises(AssertionError, match="no target polish"):
        parsed("make polish")
