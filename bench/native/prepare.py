"""Builds llama.cpp from PyPI's llama-cpp-python, in an environment of its own.

It comes as source alone. Compiler (ziglang), cmake and ninja come from the lock, so that nothing has to be on the
machine; the code is for the processor at hand (ggml's GGML_NATIVE). Only the library is built, beside which the
package's Python files are laid: its own build would make llama.cpp's tools too, which take as long again.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import venv
from pathlib import Path

from bench.environment import processor
from bench.weights.prepare import folder, once
from build_support.environment import INDEX, install, pip_environment
from build_support.errors import BuildError, EnvironmentFailed
from build_support.processes import run
from build_support.stamps import digest

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.lock"
SOURCE = HERE / "source.lock"
PACKAGE = "llama_cpp"
LIBRARIES = ("libllama", "libggml", "libggml-base", "libggml-cpu")
COMPILERS = {"CMAKE_C_COMPILER": "cc", "CMAKE_CXX_COMPILER": "c++", "CMAKE_AR": "ar", "CMAKE_RANLIB": "ranlib"}
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    f"-DCMAKE_INSTALL_RPATH={'@loader_path' if sys.platform == 'darwin' else '$ORIGIN'}",
    *(f"-DLLAMA_BUILD_{part}=OFF" for part in ("COMMON", "TESTS", "EXAMPLES", "TOOLS", "SERVER")),
    "-DGGML_METAL=OFF",
    "-DGGML_BLAS=OFF",
    # zig has no OpenMP: ggml's own threads, which spin as OpenMP's do.
    "-DGGML_OPENMP=OFF",
)


def interpreter() -> tuple[Path | None, str]:
    """A Python that can import llama_cpp; where it couldn't be built, None and why."""
    try:
        return _interpreter(), ""
    except BuildError as error:
        return None, f"llama.cpp couldn't be built here: {error}".splitlines()[0]


def _interpreter() -> Path:
    """Raises EnvironmentFailed."""
    if os.name == "nt":
        raise EnvironmentFailed("The bench doesn't build llama.cpp on Windows.")
    key = digest([REQUIREMENTS, SOURCE], *OPTIONS, *COMPILERS, sys.version, processor())
    return once(folder() / f"native-{key[:16]}", "Building llama.cpp (some minutes, once)", make) / "bin" / "python"


def make(home: Path) -> None:
    """Makes the environment in ``home``. Raises EnvironmentFailed."""
    venv.EnvBuilder(with_pip=True, clear=True).create(home)
    install(REQUIREMENTS, home / "bin" / "python")
    work = home / "work"
    unpack(fetch(home, work), work)
    source, build = work / "source", work / "build"
    site = next((home / "lib").glob("python*/site-packages"))
    cmake = str(home / "bin" / "cmake")
    made = ["-G", "Ninja", "-S", str(source / "vendor" / "llama.cpp"), "-B", str(build)]
    variables = {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    variables |= {f"ZIG_{kind}_CACHE_DIR": str(work / "zig") for kind in ("GLOBAL", "LOCAL")}
    for step in (
        [cmake, *made, *OPTIONS, *tools(site, home / "bin")],
        [cmake, "--build", str(build), "--target", "llama"],
    ):
        run(step, env=variables, what="llama.cpp can't be compiled", folder=home, error=EnvironmentFailed)
    shutil.copytree(source / PACKAGE, site / PACKAGE, dirs_exist_ok=True)
    (site / PACKAGE / "lib").mkdir(exist_ok=True)
    for library in (build / "bin").iterdir():
        if library.name.partition(".")[0] in LIBRARIES:
            shutil.copy2(library, site / PACKAGE / "lib" / library.name)
    shutil.rmtree(work)


def fetch(home: Path, target: Path) -> Path:
    """The package's source from the index, its hash checked."""
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "download"]
    exactly = ["--no-deps", "--require-hashes", "--no-build-isolation", "--no-binary=:all:", "--progress-bar=off"]
    run(
        [*pip, *exactly, "-d", str(target), "-r", str(SOURCE)],
        env=pip_environment() | {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        what="The source of llama.cpp can't be fetched",
        place=INDEX,
        folder=home,
        error=EnvironmentFailed,
    )
    (archive,) = target.glob("*.tar.gz")
    return archive


def unpack(archive: Path, target: Path) -> None:
    """Puts what ``archive`` holds, one folder, into ``target``/source. Raises EnvironmentFailed."""
    unpacked = target / "unpacked"
    try:
        with tarfile.open(archive) as source:
            source.extractall(unpacked, filter="data")
        (found,) = unpacked.iterdir()
        found.rename(target / "source")
    except (tarfile.TarError, ValueError, OSError) as error:
        raise EnvironmentFailed(f"The source of llama.cpp can't be unpacked: {error}.") from error


def tools(site: Path, scripts: Path) -> list[str]:
    """Options by which cmake finds zig, through small scripts: it wants one program for each tool."""
    options = []
    for name, tool in COMPILERS.items():
        script = scripts / f"zig-{tool}"
        script.write_text(f'#!/bin/sh\nexec "{site / "ziglang" / "zig"}" {tool} "$@"\n')
        script.chmod(0o755)
        options.append(f"-D{name}={script}")
    return options
