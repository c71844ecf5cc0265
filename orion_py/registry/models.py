"""models.json: which models and agents there are, and which to prefer where.

``models.schema.json`` is generated from these classes (``python -m orion_py.registry.schema``).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orion_py.errors import UnknownModel

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
RelativePath = Annotated[
    str,
    # No scheme, no leading slash, and no component that starts with a dot: a path can't leave the page's folder.
    Field(pattern=r"^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)+[A-Za-z0-9_-][A-Za-z0-9._-]*$", max_length=300),
]
DeviceClass = Literal["low_end", "production", "development"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(_Entry):
    """A text for people or a prompt, in both of the page's languages."""

    en: Annotated[str, Field(min_length=1, max_length=4000)]
    fr: Annotated[str, Field(min_length=1, max_length=4000)]

    def in_language(self, locale: str) -> str:
        """French for a French BCP 47 locale, else English."""
        return self.fr if locale.lower().startswith("fr") else self.en


class ModelEntry(_Entry):
    """A model that can be loaded. ``manifest`` is relative to the page; sizes are in bytes, for
    people to see before anything moves (the manifest is what counts)."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    manifest: RelativePath
    tier: Literal["lite", "full"]
    family: Annotated[str, Field(min_length=1, max_length=60)]
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    download_bytes: Annotated[int, Field(gt=0, le=2**40)]
    memory_bytes: Annotated[int, Field(gt=0, le=2**40)]
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    capabilities: tuple[str, ...] = ()


class AgentEntry(_Entry):
    """A persona over models, preferred first. ``system`` is its prompt, the rest its sampling."""

    id: Identifier
    title: Bilingual
    description: Bilingual
    models: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    system: Bilingual
    temperature: Annotated[float, Field(ge=0, le=5)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    top_k: Annotated[int, Field(ge=0, le=1000)] = 40
    repetition_penalty: Annotated[float, Field(ge=0.5, le=3)] = 1.0
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = 512
    capabilities: tuple[str, ...] = ()


class Registry(_Entry):
    """``groups`` name sets of agents; ``recommendations`` say which model a device starts with."""

    version: Annotated[int, Field(ge=1)]
    models: Annotated[tuple[ModelEntry, ...], Field(min_length=1)]
    agents: Annotated[tuple[AgentEntry, ...], Field(min_length=1)]
    groups: dict[Identifier, tuple[Identifier, ...]] = {}
    recommendations: dict[DeviceClass, Identifier] = {}

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        models, agents = [m.id for m in self.models], [a.id for a in self.agents]
        for kind, ids in (("models", models), ("agents", agents)):
            twice = sorted({i for i in ids if ids.count(i) > 1})
            if twice:
                raise ValueError(f"{kind}: the id {twice[0]!r} stands there twice")
        for agent in self.agents:
            for model in agent.models:
                if model not in models:
                    raise ValueError(f"agents.{agent.id}.models: there is no model {model!r}")
        for name, members in self.groups.items():
            for member in members:
                if member not in agents:
                    raise ValueError(f"groups.{name}: there is no agent {member!r}")
        for device, model in self.recommendations.items():
            if model not in models:
                raise ValueError(f"recommendations.{device}: there is no model {model!r}")
        return self

    def model(self, model_id: str) -> ModelEntry:
        """Raises UnknownModel."""
        for entry in self.models:
            if entry.id == model_id:
                return entry
        raise UnknownModel(f"{model_id!r} is none of {', '.join(m.id for m in self.models)}", model=model_id)
