"""Describes models.json: which models and agents there are, and which to prefer where.

``models.schema.json`` is generated from these classes (``python -m orion_py.registry.schema``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from orion_py.errors import InvalidConfig, UnknownModel

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
RelativePath = Annotated[
    str,
    # No scheme, no leading slash, and no component that starts with a dot: a path can't leave the page's folder.
    Field(pattern=r"^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)+[A-Za-z0-9_-][A-Za-z0-9._-]*$", max_length=300),
]
VERSION = 1
"""Of the list's form: raised by a change that an older engine must not guess at."""
DeviceClass = Literal["low_end", "production", "development"]


class InconsistentRegistry(ValueError):
    """Fields that are right by themselves and don't fit together."""

    def __init__(self, path: str, fault: str, fix: str) -> None:
        super().__init__(fault)
        self.path, self.fault, self.fix = path, fault, fix


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Bilingual(_Entry):
    """A text for people or a prompt, in both of the page's languages."""

    en: Annotated[str, Field(min_length=1, max_length=4000)]
    fr: Annotated[str, Field(min_length=1, max_length=4000)]

    def in_language(self, locale: str) -> str:
        """French for a French BCP 47 locale, else English."""
        return self.fr if locale.lower().startswith("fr") else self.en


Keyword = Annotated[str, Field(min_length=1, max_length=80)]


class ModelSampling(_Entry):
    """How a model is sampled where neither the agent nor the caller says otherwise: as it loops least
    without losing sense (docs/answers.md has the measurements)."""

    temperature: Annotated[float, Field(ge=0, le=5)] = 0.3
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.9
    top_k: Annotated[int, Field(ge=0, le=1000)] = 40
    repetition_penalty: Annotated[float, Field(ge=0.5, le=3)] = 1.1


class ModelEntry(_Entry):
    """A model that can be loaded. ``manifest`` is relative to the page; sizes are in bytes, for
    people to see before anything moves (the manifest is what counts)."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    manifest: RelativePath
    tier: Literal["lite", "full", "large"]
    """"lite": answers while others come; "full": downloaded in the background; "large": only when
    the person asks for it, and only where the device has memory for it (``memory.offers``)."""
    family: Annotated[str, Field(min_length=1, max_length=60)]
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    download_bytes: Annotated[int, Field(gt=0, le=2**40)]
    memory_bytes: Annotated[int, Field(gt=0, le=2**40)]
    """On our own kernel, where the model runs on it."""
    onnxruntime_memory_bytes: Annotated[int, Field(gt=0, le=2**40)] | None = None
    """By onnxruntime on WebAssembly, which the ladder steps down to; None: estimated once the manifest is read."""
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    capabilities: tuple[str, ...] = ()
    weak_at: tuple[Identifier, ...] = ()
    """Agents for whom few of its answers are useful (below a quarter by ``foundry agents evaluate``): the person is
    told before it answers."""
    sampling: ModelSampling = ModelSampling()
    device_memory_gb: Annotated[int, Field(gt=0, le=4096)] | None = None
    """The least memory of a device that is offered it. None: any, but that a large one's follows from
    ``memory_bytes`` and from what runs it."""

    def memory_on(self, kernel: bool) -> int:
        """Bytes in memory, with 2,048 tokens of context, on our kernel or by onnxruntime."""
        return self.memory_bytes if kernel else self.onnxruntime_memory_bytes or self.memory_bytes


class VoiceEntry(_Entry):
    """A voice that a model speaks with (``senses.speaking.catalogue`` has what it is to the model). ``good_at`` says in
    a few words what a person would choose it for."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=40)]
    language: Literal["en", "fr"]
    good_at: Bilingual


class SenseEntry(_Entry):
    """A graph model (``manifest.graph_manifest``): what sees, hears or speaks. Loaded when something first needs it.
    The first of all ``voices`` of a language reads it where none is named."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    manifest: RelativePath
    sense: Literal["vision", "speech", "voice"]
    voices: tuple[VoiceEntry, ...] = ()
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    download_bytes: Annotated[int, Field(gt=0, le=2**40)]
    memory_bytes: Annotated[int, Field(gt=0, le=2**40)]


class RouterEntry(_Entry):
    """The neural router; ``manifest`` is relative to the page."""

    id: Identifier
    manifest: RelativePath
    licence: Annotated[str, Field(min_length=1, max_length=80)]
    download_bytes: Annotated[int, Field(gt=0, le=2**40)]


class AbsentModel(_Entry):
    """A model that agents are meant for and that isn't available here. ``reason`` tells people what
    is missing; ``source`` is where those whose network reaches it find it."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    reason: Bilingual
    source: Annotated[str, Field(max_length=200)] = ""
    coming: bool = False
    """Whether it is being built: the site's server says so, for as long as it is (``build.py serve``)."""
    senses: tuple[Identifier, ...] = ()
    """Graph models that take its place: where all of them are here, agents that name it answer with the first agent's
    models, and what the senses found."""
    capability: Annotated[str, Field(max_length=60)] = ""
    """Models here that can do this take its place before the senses do."""


class GeneralModel(_Entry):
    """A model for all but code that ``build.py models HUB_ID`` brings where the network reaches the hub: OWNER/NAME
    there, at the commit ``revision``. ``run``: whether we have run it ourselves; what it takes is measured where it
    is built."""

    id: Identifier
    title: Annotated[str, Field(min_length=1, max_length=120)]
    hub: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    licence: Literal["Apache-2.0", "MIT"]
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    parameters: Annotated[int, Field(gt=0, le=2**40)]
    run: bool = False
    sampling: ModelSampling = ModelSampling()


class AgentEntry(_Entry):
    """A persona over models, preferred first. ``system`` is its prompt, the rest its sampling, where it
    wants that otherwise than the model's own.
    An agent with none of its models here isn't available."""

    id: Identifier
    title: Bilingual
    description: Bilingual
    models: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    system: Bilingual
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, le=1000)] | None = None
    repetition_penalty: Annotated[float, Field(ge=0.5, le=3)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = 512
    capabilities: tuple[str, ...] = ()
    topic: Bilingual | None = None
    """What a question for this agent is about, as the router says it: "This looks like " and then this."""
    keywords: Annotated[tuple[Keyword, ...], Field(max_length=500)] = ()
    """Words and phrases by which a question for this agent is recognised while no trained router is in memory.
    Case and accents don't count."""


class Registry(_Entry):
    """``groups`` name sets of agents; ``recommendations`` say which model a device starts with;
    ``absent`` are the models that agents name and that can't be loaded here. ``senses`` are no decoders, and no agent
    answers with one alone. ``general`` can be brought from the hub by whoever builds the site, and is among ``models``
    then (``registry.general``). What a person adds stands beside ``models`` and isn't part of the file."""

    version: Annotated[int, Field(ge=1)]
    models: Annotated[tuple[ModelEntry, ...], Field(min_length=1)]
    agents: Annotated[tuple[AgentEntry, ...], Field(min_length=1)]
    absent: tuple[AbsentModel, ...] = ()
    senses: tuple[SenseEntry, ...] = ()
    general: tuple[GeneralModel, ...] = ()
    router: RouterEntry | None = None
    groups: dict[Identifier, tuple[Identifier, ...]] = {}
    recommendations: dict[DeviceClass, Identifier] = {}
    _added: dict[str, ModelEntry] = PrivateAttr(default_factory=dict)
    _skipped: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        models, agents = [m.id for m in self.models], [a.id for a in self.agents]
        absent, senses = [m.id for m in self.absent], [m.id for m in self.senses]
        for kind, ids in (("models", models), ("agents", agents), ("absent", absent), ("senses", senses)):
            for index, entry_id in enumerate(ids):
                if entry_id in ids[:index]:
                    raise InconsistentRegistry(f"{kind}.{index}.id", f"{entry_id!r} occurs twice", "rename one")
        for index, model in enumerate(absent):
            if model in models:
                raise InconsistentRegistry(
                    f"absent.{index}.id", f"{model!r} is among the models as well", "take it out here"
                )
        for index, sense in enumerate(senses):
            if sense in models:
                raise InconsistentRegistry(f"senses.{index}.id", f"{sense!r} is among the models as well", "rename one")
        for index, agent in enumerate(self.agents):
            for place, model in enumerate(agent.models):
                _require(model, [*models, *absent], "model", f"agents.{index}.models.{place}")
        for name, members in self.groups.items():
            for place, member in enumerate(members):
                _require(member, agents, "agent", f"groups.{name}.{place}")
        for device, model in self.recommendations.items():
            _require(model, models, "model", f"recommendations.{device}")
        return self

    @property
    def added(self) -> tuple[ModelEntry, ...]:
        """What ``add`` brought."""
        return tuple(self._added.values())

    @property
    def known(self) -> tuple[ModelEntry, ...]:
        """All that can be loaded: the file's models, then the added ones."""
        return (*self.models, *self.added)

    @property
    def coming(self) -> tuple[AbsentModel, ...]:
        """The models that the site doesn't have yet and that are being made."""
        return tuple(entry for entry in self.absent if entry.coming)

    def grow(self, later: Registry) -> tuple[str, ...]:
        """Adds the models that a later list of the same site has; returns their ids. What is here stays as it is,
        agents included; everything that holds this registry sees the models from now on."""
        here = {entry.id for entry in self.known}
        new = tuple(entry for entry in later.models if entry.id not in here)
        models = (*self.models, *new)
        ids = {entry.id for entry in models}
        absent = {entry.id: entry for entry in (*self.absent, *later.absent)}  # the later one counts
        senses = {entry.id: entry for entry in (*later.senses, *self.senses)}  # the earlier one counts
        recommended = {device: model for device, model in later.recommendations.items() if model in ids}
        # Frozen for everybody else: one registry is shared by all parts of an engine.
        self.__dict__.update(
            models=models,
            absent=tuple(entry for entry in absent.values() if entry.id not in ids),
            senses=tuple(senses.values()),
            recommendations={**self.recommendations, **recommended},
        )
        return tuple(entry.id for entry in new)

    def note_skipped(self, model_ids: Iterable[str]) -> None:
        """The file has these models too, in a way that only a newer engine can read."""
        self._skipped = frozenset(model_ids)

    def mentions(self, model_id: str) -> bool:
        """Whether it is known, or listed for a newer engine than this one."""
        here = {entry.id for entry in self.known} | {entry.id for entry in self.senses}
        return model_id in self._skipped or model_id in here

    def sense(self, model_id: str) -> SenseEntry:
        """Raises UnknownModel, also where it isn't built."""
        for entry in self.senses:
            if entry.id == model_id:
                return entry
        raise UnknownModel(f"{model_id} isn't among the models here.", model=model_id)

    def add(self, entry: ModelEntry) -> None:
        """Adds a model, or replaces the added one of its id. Raises InvalidConfig where the file has it."""
        if any(entry.id == model.id for model in self.models):
            raise InvalidConfig(f"models: {entry.id!r} is taken", path="id")
        self._added[entry.id] = entry

    def remove(self, model_id: str) -> None:
        """Takes an added model back; safe for one that isn't there."""
        self._added.pop(model_id, None)

    def model(self, model_id: str) -> ModelEntry:
        """Raises UnknownModel."""
        for entry in self.known:
            if entry.id == model_id:
                return entry
        for absent in self.absent:
            if absent.id == model_id:
                raise UnknownModel(absent.reason.en, model=model_id)
        raise UnknownModel(f"{model_id!r} is none of {', '.join(m.id for m in self.known)}", model=model_id)

    def recommended(self, device: str) -> ModelEntry | None:
        """The model that a device of that class starts with; None where the file names none."""
        wanted = {str(known): model for known, model in self.recommendations.items()}.get(device)
        return self.model(wanted) if wanted is not None else None

    def usable(self, model_ids: Sequence[str]) -> tuple[str, ...]:
        """Those of ``model_ids`` that can be loaded, in their order; in place of an absent one those with its
        capability, and the first agent's where its senses are here."""
        known, replaced = {entry.id for entry in self.known}, self._replaced()
        found: dict[str, None] = {}
        for model_id in model_ids:
            found |= dict.fromkeys(self._able(model_id))
            found |= dict.fromkeys(self.agents[0].models if model_id in replaced else (model_id,))
        return tuple(model_id for model_id in found if model_id in known)

    def missing(self, model_ids: Sequence[str]) -> tuple[AbsentModel, ...]:
        """Those of ``model_ids`` that can't be loaded here, with what to tell people about them."""
        replaced = self._replaced()
        gone = [entry for entry in self.absent if entry.id in model_ids and entry.id not in replaced]
        return tuple(entry for entry in gone if not self._able(entry.id))

    def _able(self, model_id: str) -> tuple[str, ...]:
        """The models here that can do what an absent one is named for."""
        wanted = next((entry.capability for entry in self.absent if entry.id == model_id), "")
        return tuple(entry.id for entry in self.known if wanted and wanted in entry.capabilities)

    def _replaced(self) -> frozenset[str]:
        """The absent models whose senses are all here."""
        here = {entry.id for entry in self.senses}
        return frozenset(entry.id for entry in self.absent if entry.senses and here.issuperset(entry.senses))


def _require(wanted: str, known: list[str], kind: str, path: str) -> None:
    if wanted not in known:
        raise InconsistentRegistry(path, f"there is no {kind} {wanted!r}", f"use one of {', '.join(known)}, or add it")
