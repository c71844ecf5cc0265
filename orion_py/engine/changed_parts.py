"""Notes which parts of the status may be others than they were."""

from __future__ import annotations

from collections.abc import Callable

from orion_py.background.upgrade_plan import KEY as UPGRADE_PLAN
from orion_py.protocol.vocabulary import Section
from orion_py.routing.corrections import SETTING as CORRECTIONS

BY_CONFIG: tuple[Section, ...] = (
    "config",
    "preset",
    "models",
    "recommended",
    "router",
    "webgpu",
    "breakers",
    "queue",
    "upgrade",
    "memory",
)
"""Parts that a change of the engine's configuration may change."""
BY_MODELS: tuple[Section, ...] = ("models", "senses", "coming", "recommended", "added", "agents")
"""Parts that a change of the list of models may change."""
_BY_SETTING: dict[str, Section] = {CORRECTIONS: "router", UPGRADE_PLAN: "upgrade"}
_BY_PREFIX: dict[str, Section] = {"manifest:": "versions", "versions:": "versions", "verdict:": "webgpu"}


def part_kept_in(setting: str) -> Section | None:
    """The part that is read from a setting on the device, if one is."""
    by_prefix = (part for prefix, part in _BY_PREFIX.items() if setting.startswith(prefix))
    return _BY_SETTING.get(setting) or next(by_prefix, None)


class ChangedParts:
    """Marks parts of the status as changed. ``StatusFeed`` takes the marks, collects these parts, and sends those that
    differ from what it sent last. A mark itself costs nothing."""

    def __init__(self) -> None:
        self._marked: set[Section] = set()
        self._on_mark: Callable[[], None] = lambda: None

    def watch(self, on_mark: Callable[[], None]) -> None:
        """``on_mark`` is called with each mark from now on."""
        self._on_mark = on_mark

    def mark(self, *parts: Section) -> None:
        self._marked.update(parts)
        self._on_mark()

    def written(self, setting: str) -> None:
        """A setting on the device is another one, by this tab or by another."""
        part = part_kept_in(setting)
        if part is not None:
            self.mark(part)

    def take(self) -> set[Section]:
        """The parts marked since the last time."""
        marked, self._marked = self._marked, set()
        return marked
