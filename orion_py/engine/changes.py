"""Takes over what changes while an engine runs: its agents, and the site's list of models."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from orion_py.agents.factory import AgentFactory, Change
from orion_py.engine.bus import EventBus
from orion_py.engine.router_care import RouterCare
from orion_py.engine.scheduler import Background, BackgroundScheduler
from orion_py.engine.tasks import BackgroundTasks
from orion_py.protocol import ENGINE_ID, AgentEvent, SiteEvent
from orion_py.registry.models import Registry
from orion_py.storage.among_tabs import AmongTabs
from orion_py.telemetry.log import Logger


@dataclass(slots=True)
class Changes:
    log: Logger
    bus: EventBus
    registry: Registry
    agents: AgentFactory
    router: RouterCare
    work: Background
    scheduler: BackgroundScheduler
    tasks: BackgroundTasks
    among: AmongTabs
    last_agent: str | None = field(default=None)
    """The agent that answered last."""

    def on_agent(self, agent_id: str, change: Change) -> None:
        self.router.refresh()
        if change != "registered":  # the prompt of one that was replaced may be another
            self.tasks.begin(partial(self.work.prefixes.forget, agent=agent_id))
        self.bus.emit(AgentEvent(id=ENGINE_ID, agent=agent_id, change=change))

    def on_growth(self, new: tuple[str, ...]) -> None:
        """The site has more models than when this engine began, or makes others."""
        coming = [entry.id for entry in self.registry.coming]
        self.log.info("site", models=list(new), coming=coming)
        self.router.refresh()
        self.tell_models(list(new))
        if new:
            self.among.tell("site")
            self.tasks.begin(self._want_new)

    def tell_models(self, new: list[str]) -> None:
        """The list of models is another; ``new``: those that it lacked before."""
        self.bus.emit(SiteEvent(id=ENGINE_ID, models=new, coming=[entry.id for entry in self.registry.coming]))

    async def _want_new(self) -> None:
        """What the agent that answered last prefers now comes in the background, by the usual rules."""
        upgrade = self.work.upgrade
        await upgrade.recall()
        if self.last_agent is not None and self.last_agent in self.agents.ids:
            models = self.registry.usable(self.agents.models(self.last_agent))
            found = await upgrade.models.of([self.registry.model(model_id) for model_id in models])
            await upgrade.prefer(found)
        self.scheduler.schedule()
