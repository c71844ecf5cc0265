"""Reduces the registry to the models that a site was built with."""

from __future__ import annotations

from collections.abc import Callable

from orion_py.registry.load import parse_registry
from orion_py.registry.models import AbsentModel, Bilingual, ModelEntry


def only_built(text: str, built: Callable[[str], bool]) -> str:
    """``text`` (models.json) with the models whose manifest isn't ``built`` among the absent ones, and without such
    senses.

    Agents that prefer such a model go on with their next one. A registry none of whose models is
    built, or all, keeps its models. Raises InvalidRegistry.
    """
    registry = parse_registry(text)
    senses = tuple(entry for entry in registry.senses if built(entry.manifest))
    kept = tuple(entry for entry in registry.models if built(entry.manifest))
    gone = tuple(entry for entry in registry.models if entry not in kept)
    if not kept or not gone:
        without = registry.model_copy(update={"senses": senses})
        return text if senses == registry.senses else without.model_dump_json(indent=2)
    ids = {entry.id for entry in kept}
    recommended = {device: model if model in ids else kept[0].id for device, model in registry.recommendations.items()}
    absent = (*registry.absent, *(_absent(entry) for entry in gone))
    update = {"models": kept, "absent": absent, "recommendations": recommended, "senses": senses}
    return registry.model_copy(update=update).model_dump_json(indent=2)


def _absent(entry: ModelEntry) -> AbsentModel:
    reason = Bilingual(
        en=f"This site was built without {entry.title}.", fr=f"Ce site a été construit sans {entry.title}."
    )
    return AbsentModel(id=entry.id, title=entry.title, reason=reason)
