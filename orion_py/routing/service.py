"""Routes a question: by attachments, then a custom agent's examples, then the neural router or the keyword rules.

The keyword rules answer until the encoder is in memory, and again when it fails. A person's
corrections are kept and re-fit the head here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InvalidInput, OrionError
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.ports import Ports
from orion_py.protocol import ENGINE_ID, FallbackEvent, ProgressEvent, RouterEvent, RouterStatus
from orion_py.registry.models import RouterEntry
from orion_py.routing.base import RoutingDecision
from orion_py.routing.corrections import Corrections, refitted
from orion_py.routing.examples import Examples
from orion_py.routing.examples import decision as example_decision
from orion_py.routing.head import LinearHead
from orion_py.routing.keyword import KeywordRouter
from orion_py.routing.keyword_words import RULED
from orion_py.routing.load import load_router, router_manifest
from orion_py.routing.neural import NeuralRouter
from orion_py.routing.subjects import Subjects
from orion_py.runtime.base import Embedding

_ATTACHED = {
    "image": ("vision", "An image is attached.", "Une image est jointe."),
    "audio": ("speech", "A recording is attached.", "Un enregistrement est joint."),
}

_RECKONS = re.compile(
    r"\b(?:add|sum|split|divide|share|compare|difference|cheaper|dearer|more expensive|larger|bigger|smaller|greater|"
    r"higher|lower|altogether|in all|per person)\b|\d\s*%|\btip\b"
    r"|\b(?:additionne|somme|partage|divise|compare|différence|écart|moins cher|en tout|chacun|par personne|pourboire|"
    r"plus (?:cher|chère|grande?|petite?|élevée?|haute?|bas|basse))\b",
    re.IGNORECASE,
)
"""What is asked of a picture's numbers, and not only of what it shows."""

_OF_A_PICTURE = re.compile(
    r"(?:(?:please|(?:can|could) you|peux-tu|pouvez-vous|tu peux)\s+)?"
    r"(?:translate|traduis|traduisez|traduire)\s*(?:-moi\s*)?"
    r"(?:this|that|the|ces?|cette|cet|les?|la|l['’])\s*(?:signs?|labels?|menu|poster|notice|receipt|screenshot|panneaux?|"
    r"pancarte|affiche|étiquette|ticket|capture d['’]écran)\s*(?:for me|please|pour moi)?"
    r"\s*(?:(?:in|into|to|en)\s+\w+)?\s*[.?!]*",
    re.IGNORECASE,
)
"""A whole message that has to do with something written elsewhere: its words are in no message, but in a picture."""


class RouterService:
    """``emit`` hears when the neural router has come, how far its load is, and when it isn't available, or no longer;
    ``note`` what isn't known here of a newer manifest; ``subjects``: what the registry says of agents
    (``subjects_of``)."""

    def __init__(
        self,
        ports: Ports,
        loader: ProgressiveLoader,
        enabled_agents: Sequence[str],
        emit: Callable[[RouterEvent | FallbackEvent], None],
        note: Callable[[str], None] = lambda what: None,
        subjects: Subjects | None = None,
    ) -> None:
        self._ports, self._loader, self._emit, self._note = ports, loader, emit, note
        self._enabled, self._subjects = tuple(enabled_agents), subjects or {}
        self._keyword = KeywordRouter(self._enabled, self._subjects)
        self._neural: NeuralRouter | None = None
        self._built: LinearHead | None = None
        self._last: tuple[str, Embedding] | None = None
        """The question that was routed last, and its vector."""
        self._loading = False
        self._loaded_bytes = self._total_bytes = 0
        """Of the load under way."""
        self._problem: str | None = None
        self._corrections = Corrections(ports.settings, self._ruled)
        self._examples = Examples()

    @property
    def ready(self) -> bool:
        """Whether the neural router answers."""
        return self._neural is not None

    @property
    def _ruled(self) -> tuple[str, ...]:
        """The agents that rules and keywords can choose."""
        own = (agent for agent, subject in self._subjects.items() if subject.keywords)
        return tuple(dict.fromkeys((*RULED, *own)))

    @property
    def loading(self) -> bool:
        return self._loading

    def enable(self, agents: Sequence[str]) -> None:
        """From now on only these may be chosen."""
        self._enabled = tuple(agents)
        self._keyword = KeywordRouter(self._enabled, self._subjects)
        if self._neural is not None:
            self._neural.enable(self._enabled)

    def exemplify(self, examples: Mapping[str, Sequence[str]]) -> None:
        """From now on what is like one of ``examples`` goes to the custom agent that has it."""
        self._examples.replace(examples)

    async def status(self) -> RouterStatus:
        count = len(await self._corrections.all())
        labels, here, total = self._corrections.labels, self._loaded_bytes, self._total_bytes
        return RouterStatus(self._name, self._loading, count, self._problem, labels, here, total)

    @property
    def _name(self) -> str:
        return NeuralRouter.name if self._neural else KeywordRouter.name

    async def _say(self) -> None:
        """Which router answers from now on."""
        count = len(await self._corrections.all())
        self._emit(RouterEvent(id=ENGINE_ID, name=self._name, corrections=count))

    async def load(
        self, entry: RouterEntry, cancel: CancelToken, until_quiet: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Brings the neural router in; never raises. It waits for ``until_quiet``: the models that
        people wait for go first."""
        self._loading = True
        try:
            manifest = await router_manifest(self._ports, entry, self._note)
            if until_quiet is not None:
                await until_quiet()
            cancel.raise_if_cancelled()
            count = len(await self._corrections.all())

            def report(event: ProgressEvent) -> None:
                self._progressed(event, count)

            encoder, head = await load_router(
                self._ports, self._loader, entry, manifest, cancel, report, self._kept_in_memory
            )
            if cancel.cancelled:
                await encoder.close()
                return
            self._built, self._corrections.labels = head, head.labels
            self._neural = NeuralRouter(encoder, head, self._enabled, self._subjects)
            await self._refit()
            self._problem = None
            self._loading = False
            await self._say()
        except Cancelled:
            return
        except OrionError as error:
            self._failed(error)
        finally:
            self._loading = False
            self._loaded_bytes = self._total_bytes = 0

    def _progressed(self, event: ProgressEvent, corrections: int) -> None:
        self._loaded_bytes, self._total_bytes = event.loaded_bytes, event.total_bytes
        self._emit(
            RouterEvent(
                id=ENGINE_ID,
                name=self._name,
                corrections=corrections,
                loading=True,
                loaded_bytes=event.loaded_bytes,
                total_bytes=event.total_bytes,
            )
        )

    def _kept_in_memory(self, error: OrionError) -> None:
        self._emit(
            FallbackEvent.step(ENGINE_ID, "router", "stored on this device", "in memory", error.code, error.message)
        )

    def _failed(self, error: OrionError) -> None:
        self._problem = error.message
        self._emit(FallbackEvent.step(ENGINE_ID, "router", "neural", "keyword", error.code, error.message))

    async def route(self, query: str, locale: str, attachments: Sequence[str] = ()) -> RoutingDecision:
        """The agent for ``query``; never raises. ``attachments``: of "image" and "audio"."""
        for kind in attachments:
            agent, english, french = _ATTACHED[kind]
            if kind == "image" and _RECKONS.search(query) and "vision-logic" in self._enabled:
                agent = "vision-logic"
            if agent in self._enabled:
                reason = french if locale.lower().startswith("fr") else english
                return RoutingDecision(agent, "attachment", reason)
        decision = await self._by_text(query, locale)
        elsewhere = decision.agent in ("multilingual", "conversation") and _OF_A_PICTURE.fullmatch(query.strip())
        if elsewhere and "vision" in self._enabled:
            said = "Its text is in a picture.", "Son texte est dans une image."
            reason = said[locale.lower().startswith("fr")]
            return RoutingDecision("vision", decision.router, reason)
        return decision

    async def _by_text(self, query: str, locale: str) -> RoutingDecision:
        if self._neural is not None:
            try:
                return await self._by_meaning(self._neural, query, locale)
            except OrionError as error:
                await self._give_up(error)
        decision = await self._keyword.route(query, locale)
        match = self._examples.by_words(query)
        return decision if match is None else example_decision(match, locale, decision.agent)

    async def _by_meaning(self, neural: NeuralRouter, query: str, locale: str) -> RoutingDecision:
        embedding = await neural.embed(query)
        self._last = query, embedding
        decision = await neural.route(query, locale, embedding)
        match = await self._examples.nearest(embedding, neural.embed) if self._examples else None
        return decision if match is None else example_decision(match, locale, decision.agent)

    async def embed(self, text: str) -> Embedding | None:
        """The encoder's vector of ``text``, [512]; None while it isn't in memory, and where it fails, which gives it
        up."""
        if self._neural is None:
            return None
        if self._last is not None and self._last[0] == text:
            return self._last[1]  # it was just routed by it
        try:
            return await self._neural.embed(text)
        except OrionError as error:
            await self._give_up(error)
            return None

    async def correct(self, query: str, agent: str) -> None:
        """From now on a query like this goes to ``agent``. Raises InvalidInput for an agent that
        isn't one of the router's labels."""
        try:
            await self._corrections.add(query, agent)
        except ValueError:
            raise InvalidInput(
                f"agent: the router can't learn {agent!r}, only {', '.join(self._corrections.labels)}"
            ) from None
        await self._refit()

    async def undo(self) -> bool:
        """Takes the latest correction back; False if there was none."""
        taken = await self._corrections.undo()
        await self._refit()
        return taken is not None

    async def forget(self) -> None:
        """Takes all corrections back."""
        await self._corrections.forget()
        await self._refit()

    async def reread(self) -> None:
        """Another tab corrected the router, or took a correction back."""
        await self._refit()
        await self._say()

    async def retire(self) -> None:
        """From now on the keyword rules answer, until ``load`` is called again."""
        await self.close()
        await self._say()

    async def close(self) -> None:
        neural, self._neural, self._last = self._neural, None, None
        self._corrections.labels = self._ruled
        if neural is not None:
            await neural.close()

    async def _refit(self) -> None:
        neural, built = self._neural, self._built
        if neural is None or built is None:
            return
        items = await self._corrections.all()
        try:
            inputs = [await neural.features(item.text) for item in items]
        except OrionError as error:
            await self._give_up(error)
            return
        neural.head = refitted(built, np.array(inputs), [built.labels.index(item.agent) for item in items])

    async def _give_up(self, error: OrionError) -> None:
        self._failed(error)
        await self.close()
