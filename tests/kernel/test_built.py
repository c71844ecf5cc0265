"""kernel/built is what kernel/ compiles to, and small."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from build_support.errors import EnvironmentFailed
from build_support.kernel import BUILDS, BUILT, compile_module, compiler

MOST_ON_THE_WIRE = 32_000


@pytest.mark.parametrize("name", BUILDS)
def test_a_module_is_bit_for_bit_what_its_source_compiles_to(name: str, tmp_path: Path) -> None:
    try:
        compiler()
    except EnvironmentFailed as error:
        pytest.skip(f"the compiler can't be had here: {error}")
    made = compile_module(name, tmp_path)
    same = made.read_bytes() == (BUILT / f"{name}.wasm").read_bytes()
    assert same, "kernel/ was changed and kernel/built wasn't: run python3 build.py kernel"


@pytest.mark.parametrize("name", BUILDS)
def test_a_module_is_small_on_the_wire(name: str) -> None:
    assert len(gzip.compress((BUILT / f"{name}.wasm").read_bytes())) < MOST_ON_THE_WIRE


def test_the_folder_holds_these_modules_alone() -> None:
    assert {path.name for path in BUILT.iterdir()} == {f"{name}.wasm" for name in BUILDS}
