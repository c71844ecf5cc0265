"""Names the packages that only some commands need, and says how to install them."""

from __future__ import annotations

DISTRIBUTION = "orion-inference"
_EXTRAS = {"av": "sound"}
"""Packages that have an extra of their own."""


def missing(error: ModuleNotFoundError, extra: str) -> str:
    """The sentence for a command whose packages, those of ``extra`` in pyproject.toml, aren't installed.

    Raises ``error`` itself where a module of our own is missing: that is a fault of ours.
    """
    name = (error.name or "").partition(".")[0]
    if not name or name in ("orion_py", "model_foundry"):
        raise error
    wanted = f"{DISTRIBUTION}[{_EXTRAS.get(name, extra)}]"
    return f"the package {name} isn't installed; install what this command needs: pip install '{wanted}'"
