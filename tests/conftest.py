"""Shared by all tests: where the built models are, and what happens where there are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No deadlines: how long an example takes says more about the machine's other work than about the code.
# In CI the examples are always the same, so that a change is judged by what it changed.
settings.register_profile("orion", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "orion")

MODELS = Path(__file__).resolve().parent.parent / "public" / "models"
LITE = MODELS / "smollm2-135m-instruct" / "manifest.json"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips tests marked ``model`` where the Lite model isn't built; in CI they run, and fail."""
    if LITE.exists() or os.environ.get("CI"):
        return
    skip = pytest.mark.skip(reason="the Lite model isn't built: python3 build.py models lite")
    for item in items:
        if item.get_closest_marker("model"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """The folder of built models, laid out as on a server."""
    return MODELS


@pytest.fixture(scope="session")
def lite_manifest() -> Path:
    """The manifest of the Lite model; for tests marked ``model``."""
    return LITE
