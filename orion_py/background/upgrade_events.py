"""Reports the progress of background downloads to the page and to other tabs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from orion_py.cancellation import CancelToken
from orion_py.fetching.versions import StoredVersion
from orion_py.protocol import ENGINE_ID, ProgressEvent, UpgradeEvent, UpgradeState
from orion_py.registry.models import ModelEntry
from orion_py.storage.among_tabs import AmongTabs


@dataclass(slots=True)
class Job:
    """What is brought: ``version`` of a model, in place of the one in use where it is an update."""

    entry: ModelEntry
    version: StoredVersion
    update: bool
    cancel: CancelToken = field(default_factory=CancelToken)
    gave_way: bool = False
    last: UpgradeEvent | None = None

    @property
    def purpose(self) -> Literal["model", "update"]:
        return "update" if self.update else "model"


class UpgradeEvents:
    """``busy_with``: whether this engine has something of its own to tell, or the model already."""

    def __init__(self, emit: Callable[[UpgradeEvent], None], busy_with: Callable[[str], bool]) -> None:
        self._emit, self._busy_with = emit, busy_with
        self._among: AmongTabs | None = None
        self.last: UpgradeEvent | None = None

    def join(self, among: AmongTabs) -> None:
        """From now on the tab that leads tells the others how far it is."""
        self._among = among
        among.on("upgrade", self._heard)

    def _heard(self, note: dict[str, Any]) -> None:
        """What the leader downloads is reported here as well."""
        try:
            event = UpgradeEvent.model_validate(note.get("event"))
        except ValidationError:
            return  # of another version
        if (self._among is not None and self._among.leads) or self._busy_with(event.model):
            return
        self.last = event
        self._emit(event)

    def close(self, state: Literal["paused", "cancelled"]) -> None:
        """The person's decision about the last reported job, also while it isn't running."""
        if self.last is not None and self.last.state not in ("ready", "cancelled"):
            change = {"state": state, "bytes_per_second": None, "seconds_left": None, "reason_code": "", "reason": ""}
            self.last = self.last.model_copy(update=change)
            self._emit(self.last)

    def say(
        self,
        job: Job,
        state: UpgradeState,
        progress: ProgressEvent | None = None,
        *,
        reason_code: str = "",
        reason: str = "",
    ) -> None:
        if job.cancel.cancelled and state in ("downloading", "loading"):
            return  # what trickles in after it was stopped
        last = job.last
        job.last = UpgradeEvent(
            id=ENGINE_ID,
            model=job.entry.id,
            version=job.version.manifest.version,
            purpose=job.purpose,
            state=state,
            loaded_bytes=progress.loaded_bytes if progress else last.loaded_bytes if last else 0,
            total_bytes=progress.total_bytes if progress else last.total_bytes if last else 0,
            bytes_per_second=progress.bytes_per_second if progress else None,
            seconds_left=progress.seconds_left if progress else None,
            reason_code=reason_code,
            reason=reason,
        )
        self.last = job.last
        self._emit(job.last)
        if self._among is not None and self._among.leads and not job.update:
            self._among.tell("upgrade", event=job.last.model_dump())
