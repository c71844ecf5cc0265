"""The kernel natively under address and undefined-behaviour sanitizers, with right and wrong models (kernel/fuzz)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from build_support.kernel import SOURCE, sources

FLAGS = ["-std=gnu11", "-O1", "-g", "-ffp-contract=off", "-Wno-unknown-pragmas"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SEEDS = "40"


def compiled(folder: Path, flags: list[str]) -> Path:
    """The fuzzer; skips where there is no compiler with sanitizers."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler here")
    probe = folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    program = folder / "fuzz"
    if subprocess.run([compiler, *SANITIZERS, probe, "-o", program], capture_output=True).returncode:
        pytest.skip(f"{compiler} has no sanitizers")
    command = [compiler, *FLAGS, *SANITIZERS, *flags, *sources(), SOURCE / "fuzz" / "fuzz.c", "-o", program, "-lm"]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return program


@pytest.mark.parametrize("flags", [[], ["-DRELAXED"]], ids=["plain", "relaxed"])
def test_no_model_and_no_call_makes_the_kernel_touch_what_it_must_not(flags: list[str], tmp_path: Path) -> None:
    done = subprocess.run([compiled(tmp_path, flags), "1", SEEDS], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    counts = dict(line.split(": ") for line in done.stdout.splitlines())
    # Right models run, and wrong ones are refused in many ways.
    assert int(counts["0"]) > 300
    assert len(counts) > 6
