"""What the folders of web/bridge promise: the page and the workers share no more than ``shared/``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bridge.modules import imports, modules

MAY_IMPORT = {
    "app.js": ("bridge/page/", "sandbox/", "workshop/", "vendor/"),
    "workers/": ("bridge/worker/", "bridge/shared/"),
    "bridge/page/": ("bridge/page/", "bridge/shared/", "vendor/"),
    "bridge/worker/": ("bridge/worker/", "bridge/shared/", "vendor/"),
    "bridge/shared/": ("bridge/shared/",),
}
SCRIPTS = {"bridge/page/": "app.js", "bridge/worker/": "workers/"}
"""What each side begins with."""
MODULES = [module for module in modules() if module.as_posix().startswith(tuple(MAY_IMPORT))]


@pytest.mark.parametrize("module", MODULES, ids=Path.as_posix)
def test_a_module_imports_from_its_own_side_and_from_what_both_share(module: Path) -> None:
    allowed = next(names for folder, names in MAY_IMPORT.items() if module.as_posix().startswith(folder))
    assert [name for name in sorted(imports(module)) if not name.startswith(allowed)] == []


def test_each_module_of_the_bridge_lies_on_one_side() -> None:
    sides = {module.parts[1] for module in modules() if module.parts[0] == "bridge"}
    assert sides == {"page", "worker", "shared"}


@pytest.mark.parametrize("side", ["bridge/page/", "bridge/worker/"])
def test_each_side_reaches_all_that_is_shared(side: str) -> None:
    reached: set[str] = set()
    left = {module.as_posix() for module in MODULES if module.as_posix().startswith((side, SCRIPTS[side]))}
    while left:
        reached |= left
        left = {name for module in left for name in imports(Path(module)) if name.startswith("bridge/")} - reached
    shared = {module.as_posix() for module in MODULES if module.as_posix().startswith("bridge/shared/")}
    assert shared - reached == set()
