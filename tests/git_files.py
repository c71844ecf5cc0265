"""Lists the files of this repository, for tests that read all of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def git_files() -> list[str] | None:
    """Paths from the root of what git has or would take, sorted; None where this isn't a git checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        return None
    return sorted({name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()})
