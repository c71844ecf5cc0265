"""Routes by the encoder and the head, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.routing.base import RoutingDecision
from orion_py.routing.encoder import SentenceEncoder
from orion_py.routing.features import Floats, features
from orion_py.routing.head import LinearHead
from orion_py.routing.head_file import UNSURE
from orion_py.routing.keyword import DEFAULT
from orion_py.routing.subjects import Subjects, topic_of
from orion_py.runtime.base import Embedding


class NeuralRouter:
    """``enabled_agents``: the ids that may be chosen; the first replaces a missing default. ``subjects``: what the
    registry says of agents. The head's labels may lack some of these, and have others: who isn't among both is never
    chosen."""

    name = "neural"

    def __init__(
        self,
        encoder: SentenceEncoder,
        head: LinearHead,
        enabled_agents: Sequence[str],
        subjects: Subjects | None = None,
    ) -> None:
        self._encoder, self.head, self._subjects = encoder, head, subjects or {}
        self.enable(enabled_agents)

    def enable(self, agents: Sequence[str]) -> None:
        """From now on only these may be chosen."""
        self._enabled = tuple(agents)
        self._default = DEFAULT if DEFAULT in self._enabled else self._enabled[0]

    async def embed(self, query: str) -> Embedding:
        """[512]. Raises RuntimeFailure."""
        return await self._encoder.embed(query)

    async def features(self, query: str) -> Floats:
        """[SIZE]. Raises RuntimeFailure."""
        return features(query, await self.embed(query))

    async def route(self, query: str, locale: str, embedding: Embedding | None = None) -> RoutingDecision:
        """The agent for ``query``, with probabilities over all labels, enabled or not; ``embedding``
        where the query's is known. Raises RuntimeFailure."""
        found = features(query, embedding if embedding is not None else await self.embed(query))
        row = self.head.probabilities(found[None])[0]
        return self.decide(dict(zip(self.head.labels, map(float, row), strict=True)), locale)

    def decide(self, probabilities: dict[str, float], locale: str) -> RoutingDecision:
        """The likeliest agent if it is likely enough, else the default, with the guess as the runner-up."""
        ranked = sorted(probabilities, key=lambda label: -probabilities[label])
        best, confidence = ranked[0], probabilities[ranked[0]]
        possible = [label for label in ranked if label in self._enabled]
        chosen = best if confidence >= UNSURE and best in self._enabled else self._default
        return RoutingDecision(
            agent=chosen,
            router=self.name,
            reason=self._reason(best, chosen, confidence, locale.lower().startswith("fr")),
            # Of the agent that answers, not of the one it isn't; the head may not know that one.
            confidence=round(probabilities[chosen], 4) if chosen in probabilities else None,
            probabilities={label: round(value, 4) for label, value in probabilities.items()},
            runner_up=next((label for label in possible if label != chosen), None),
        )

    async def close(self) -> None:
        await self._encoder.close()

    def _reason(self, best: str, chosen: str, confidence: float, french: bool) -> str:
        topic = topic_of(best, self._subjects, french)
        share = f"{confidence:.0%}".replace("%", " %" if french else "%")
        if best == chosen:
            return f"Cela ressemble à {topic} ({share})." if french else f"This looks like {topic} ({share})."
        if confidence < UNSURE:
            said = ("Not sure enough: maybe", "Pas assez sûr : peut-être")[french]
            return f"{said} {topic} ({share})."
        return (
            f"Cela ressemble à {topic} ({share}), mais aucun agent n'est activé pour cela."
            if french
            else f"This looks like {topic} ({share}), but no agent for that is enabled."
        )
