"""Compiles the modules of kernel/built from kernel/ by the locked clang, bit for bit the same everywhere.

They are checked in, so that nobody needs the compiler who doesn't change the kernel; a test compiles again and
compares.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from build_support import paths
from build_support.environment import INDEX, pip_environment
from build_support.errors import EnvironmentFailed
from build_support.locks import alone
from build_support.processes import run
from build_support.progress import step
from build_support.stamps import digest

LOCK = paths.ROOT / "requirements-kernel.lock"
SOURCE = paths.ROOT / "kernel"
BUILT = SOURCE / "built"

_SHARED = ("-matomics", "-DTHREADS", "-Wl,--shared-memory", "-Wl,--max-memory=4294901760")
_RELAXED = ("-mrelaxed-simd", "-DRELAXED")
BUILDS: dict[str, tuple[str, ...]] = {
    "relaxed-threads": (*_RELAXED, *_SHARED),
    "relaxed": _RELAXED,
    "plain-threads": _SHARED,
    "plain": (),
}
"""Name of a module to the flags that are its own."""

_FLAGS = (
    "-target",
    "wasm32-freestanding",
    "-std=gnu11",
    "-O3",
    "-fno-math-errno",
    # Products and sums are fused where the source says so: results have to be the same in every function.
    "-ffp-contract=off",
    "-msimd128",
    "-mbulk-memory",
    "-nostdlib",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
    "-Wl,--import-memory",
    "-Wl,--export=__heap_base",
    "-Wl,--export=__stack_pointer",
    "-Wl,-z,stack-size=65536",
)


def sources() -> list[Path]:
    """The files that are compiled, in the order in which they are linked."""
    return sorted(SOURCE.glob("*.c"))


def compiler() -> Sequence[str]:
    """The command of the locked clang; fetches it into the cache, once. Raises EnvironmentFailed."""
    home = paths.cache() / "zig" / digest([LOCK])[:16]
    program = home / "ziglang" / ("zig.exe" if os.name == "nt" else "zig")
    if not program.exists():
        with alone(paths.cache() / "locks" / f"zig-{home.name}", "fetching the compiler of the kernel"):
            if not program.exists():
                _fetch(home)
    return [str(program), "cc"]


def _fetch(home: Path) -> None:
    unfinished = home.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        with step("Fetching the compiler of the kernel (100 MB, once)"):
            pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
            exactly = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--progress-bar=off"]
            run(
                [*pip, *exactly, "--target", unfinished, "-r", LOCK],
                env=pip_environment(),
                what="The compiler of the kernel can't be installed",
                place=INDEX,
                folder=home.parent,
                error=EnvironmentFailed,
            )
        unfinished.rename(home)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def compile_module(name: str, folder: Path) -> Path:
    """Compiles the module ``name`` of ``BUILDS`` into ``folder``. Raises StepFailed or EnvironmentFailed."""
    command = compiler()
    work = paths.WORK / "zig"
    work.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{name}.wasm"
    run(
        # By name, from their folder: no path of this machine can end up in the module.
        [*command, *_FLAGS, *BUILDS[name], *(source.name for source in sources()), "-o", made],
        cwd=SOURCE,
        env={"ZIG_GLOBAL_CACHE_DIR": str(work), "ZIG_LOCAL_CACHE_DIR": str(work)},
        what=f"The kernel's module {name} can't be compiled",
        folder=folder,
    )
    return made


def build() -> int:
    """Compiles all modules into kernel/built. Raises BuildError."""
    for name in BUILDS:
        with step(f"Compiling kernel/built/{name}.wasm"):
            compile_module(name, BUILT)
    return 0
