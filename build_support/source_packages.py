"""Downloads packages that the Python package index has as sources alone.

pip asks such a package about itself by running a script of it. So it gets only archives whose hash stands here: it
compares that before it opens one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from build_support.environment import INDEX, pip_environment
from build_support.errors import SourceUnavailable
from build_support.processes import run

SHA256 = {
    "gruut-lang-fr==2.0.2": "d2de9fc2f92ede277cb6dfe72afdba1b902d329b3cc1f1c706e66b31f0d436bd",
}
"""By requirement, of the archive."""


def source_package(name: str, folder: Path) -> Path:
    """The archive of the requirement ``name``, downloaded by pip into ``folder``. Raises SourceUnavailable."""
    wanted = folder / "source.txt"
    wanted.write_text(f"{name} --hash=sha256:{SHA256[name]}\n", "utf-8")
    run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
        + ["--no-binary", name.partition("==")[0]]
        + ["--require-hashes", "--disable-pip-version-check", "--dest", str(folder), "-r", str(wanted)],
        env={**pip_environment(), "TMPDIR": str(folder), "PIP_NO_INPUT": "1"},
        what=f"the package {name} can't be fetched",
        place=INDEX,
        folder=Path(os.path.abspath(folder)),
        error=SourceUnavailable,
    )
    wanted.unlink()
    found = next(folder.glob("*.tar.gz"), None)
    if found is None:
        raise SourceUnavailable(f"the package {name} has no archive of its sources.")
    return found
