"""Errors of libraries in one line for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from orion_py.cli.extras import missing
from orion_py.faults import reason


class Options(BaseModel):
    temperature: float = Field(default=1, le=5)

    @field_validator("temperature")
    @classmethod
    def _is_lucky(cls, value: float) -> float:
        if value == 4:
            raise ValueError("4 brings bad luck")
        return value


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"temperature": 9}, "temperature: Input should be less than or equal to 5"),
        ({"temperature": 4}, "temperature: 4 brings bad luck"),
        ("text", "Input should be a valid dictionary or instance of Options"),
    ],
)
def test_of_a_validation_error_the_first_fault_is_told(fields: object, words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Options.model_validate(fields)
    assert reason(raised.value) == words


def test_of_a_system_error_the_file_and_the_words_are_told(tmp_path: Path) -> None:
    with pytest.raises(OSError) as raised:
        (tmp_path / "none").read_text()
    assert reason(raised.value) == f"{tmp_path / 'none'}: No such file or directory"
    assert reason(OSError(28, "No space left on device")) == "No space left on device"


def test_of_any_other_error_the_first_line_is_told() -> None:
    assert reason(ValueError("first\nsecond")) == "first"
    assert reason(KeyError()) == "KeyError"


def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it() -> None:
    told = missing(ModuleNotFoundError("No module named 'rich.table'", name="rich.table"), "foundry")
    assert told.startswith("the package rich isn't installed")
    assert "pip install 'orion-inference[foundry]'" in told


def test_what_decodes_sound_has_an_extra_of_its_own() -> None:
    told = missing(ModuleNotFoundError("No module named 'av'", name="av"), "native")
    assert "pip install 'orion-inference[sound]'" in told


@pytest.mark.parametrize("name", [None, "orion_py.nothing", "model_foundry"])
def test_a_module_of_our_own_that_is_missing_stays_a_traceback(name: str | None) -> None:
    with pytest.raises(ModuleNotFoundError):
        missing(ModuleNotFoundError("missing", name=name), "native")


class Named(BaseModel):
    groups: dict[Annotated[str, Field(pattern="^[a-z]+$")], int]


def test_a_wrong_key_is_named_as_people_wrote_it() -> None:
    with pytest.raises(ValidationError) as raised:
        Named.model_validate({"groups": {"Bad": 1}})
    assert reason(raised.value).startswith("groups.Bad: ")


def test_no_module_reads_the_first_fault_by_hand() -> None:
    root = Path(__file__).parents[1]
    modules = [
        path for package in ("orion_py", "model_foundry", "build_support") for path in (root / package).rglob("*.py")
    ]
    by_hand = [path.relative_to(root).as_posix() for path in modules if ".errors()[0]" in path.read_text("utf-8")]
    assert by_hand == ["orion_py/registry/load.py"], "whose remedy goes by the fault's type"
