"""Plans a merge: the tensors to make from a recipe and its parents, in the order of the output.

Nothing is read but headers: shapes, layer ranges and parameters are all checked before the first
number is. A slice's layers follow those of the slice before it and get new numbers. As in mergekit,
a gradient runs from the first layer of a slice to its last; tensors before the layers take its
first value and the first slice's models, those after them its first value and the last slice's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model_foundry.errors import IncompatibleParents, MalformedMerge
from model_foundry.formats.hf_names import LM_HEAD, TABLE, layer_tensor
from model_foundry.importing.safetensors_folder import StoredTensor
from model_foundry.merging.layout import VOCABULARY_TENSORS, Place
from model_foundry.merging.methods import ALL_PARAMETERS, METHODS
from model_foundry.merging.methods.base import Input, Job, MergeMethod
from model_foundry.merging.parameters import first_value, named_in
from model_foundry.merging.parents import Parent
from model_foundry.merging.recipe import MergeRecipe, OutputSlice, SliceInput
from model_foundry.model.weights import Float32


@dataclass(frozen=True)
class PlannedInput:
    model: str
    tensor: StoredTensor
    parameters: Mapping[str, float]
    is_base: bool


@dataclass(frozen=True)
class PlannedTensor:
    """``name`` in the output. A vocabulary tensor has its rows cut or filled to the output's count."""

    name: str
    inputs: tuple[PlannedInput, ...]
    parameters: Mapping[str, float]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.inputs[0].tensor.shape

    @property
    def is_vocabulary(self) -> bool:
        return self.name in VOCABULARY_TENSORS

    def job(self, values: Sequence[Float32], seed: int) -> Job:
        inputs = [
            Input(one.model, value, one.parameters, one.is_base) for one, value in zip(self.inputs, values, strict=True)
        ]
        return Job(self.name, inputs, self.parameters, seed)


@dataclass(frozen=True)
class Plan:
    method: MergeMethod
    layers: int
    tensors: tuple[PlannedTensor, ...]
    notes: tuple[str, ...]


def plan(recipe: MergeRecipe, parents: Mapping[str, Parent]) -> Plan:
    """``parents`` has all that the recipe names. Raises MalformedMerge or IncompatibleParents."""
    method = METHODS[recipe.merge_method]
    slices = _slices(recipe, parents)
    notes = _check_parameters(recipe, slices, method)
    for part in slices:
        _check_slice(recipe, part, method, parents)
    tensors = tuple(_tensors(recipe, slices, method, parents))
    return Plan(method, sum(part.sources[0].length for part in slices), tensors, tuple(notes))


def _slices(recipe: MergeRecipe, parents: Mapping[str, Parent]) -> list[OutputSlice]:
    """The recipe's slices; whole models are one slice of all layers, the base one of its sources."""
    if recipe.slices:
        return recipe.slices
    assert recipe.models
    counts = {parents[name].name: parents[name].layers for name in recipe.names}
    if len(set(counts.values())) > 1:
        counted = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise IncompatibleParents(f"whole models need the same number of layers: {counted}; use slices")
    sources = [
        SliceInput(model=one.model, layer_range=(0, counts[one.model]), parameters=one.parameters)
        for one in recipe.models
    ]
    if recipe.base_model and recipe.base_model not in [one.model for one in sources]:
        sources.append(SliceInput(model=recipe.base_model, layer_range=(0, counts[recipe.base_model])))
    return [OutputSlice(sources=sources)]


def _check_parameters(recipe: MergeRecipe, slices: Sequence[OutputSlice], method: MergeMethod) -> list[str]:
    """Notes on parameters without effect; raises for those that no method has or that stand amiss."""
    of_models = [source.parameters for part in slices for source in part.sources]
    of_all = [recipe.parameters, *(part.parameters for part in slices)]
    unknown = named_in([*of_models, *of_all]) - ALL_PARAMETERS
    if unknown:
        raise MalformedMerge(
            f"the parameter {sorted(unknown)[0]} is unknown; known are {', '.join(sorted(ALL_PARAMETERS))}"
        )
    misplaced = named_in(of_models) & method.globals.keys()
    if misplaced:
        raise MalformedMerge(
            f"{sorted(misplaced)[0]} is a parameter of the merge and stands with a model: mergekit would ignore it"
        )
    idle = named_in([*of_models, *of_all]) - method.globals.keys() - method.per_model.keys()
    return [f"the parameter {name} has no effect in {recipe.merge_method}" for name in sorted(idle)]


def _check_slice(recipe: MergeRecipe, part: OutputSlice, method: MergeMethod, parents: Mapping[str, Parent]) -> None:
    models = [source.model for source in part.sources]
    base = part.base_model or recipe.base_model
    twice = {name for name in models if models.count(name) > 1}
    if twice:
        raise MalformedMerge(f"the model {sorted(twice)[0]} stands twice in one slice")
    if method.needs_base and base is None:
        raise MalformedMerge(f"{recipe.merge_method} needs a base_model")
    if method.needs_base and base not in models:
        raise MalformedMerge(f"the base model {base} isn't among the sources of a slice: {', '.join(models)}")
    reason = method.check(models, base)
    if reason:
        raise MalformedMerge(reason)
    for source in part.sources:
        layers = parents[source.model].layers
        if source.layer_range[1] > layers:
            raise IncompatibleParents(
                f"the slice {list(source.layer_range)} of {source.model} goes past its {layers} layers"
            )


def _tensors(
    recipe: MergeRecipe, slices: Sequence[OutputSlice], method: MergeMethod, parents: Mapping[str, Parent]
) -> Iterator[PlannedTensor]:
    outside = [spot for spot in _spots(slices[0], parents) if spot.layer is None and spot.name != LM_HEAD]
    for spot in sorted(outside, key=lambda spot: (spot.name != TABLE, spot.name)):
        if not spot.after:
            yield _planned(recipe, slices[0], method, parents, spot.name, [spot] * len(slices[0].sources), 0.0)
    number = 0
    for part in slices:
        first = part.sources[0]
        names = sorted({spot.name for spot in parents[first.model].places if spot.layer is not None})
        for index in range(first.length):
            position = index / (first.length - 1) if first.length > 1 else 1.0
            for name in names:
                spots = [Place(source.layer_range[0] + index, name) for source in part.sources]
                yield _planned(recipe, part, method, parents, layer_tensor(number, name), spots, position)
            number += 1
    last = slices[-1]
    after = sorted(spot.name for spot in _spots(last, parents) if spot.layer is None and spot.after)
    for name in sorted(after, key=lambda name: name == LM_HEAD):
        yield _planned(recipe, last, method, parents, name, [Place(None, name, True)] * len(last.sources), 0.0)


def _spots(part: OutputSlice, parents: Mapping[str, Parent]) -> set[Place]:
    return {spot for source in part.sources for spot in parents[source.model].places}


def _planned(
    recipe: MergeRecipe,
    part: OutputSlice,
    method: MergeMethod,
    parents: Mapping[str, Parent],
    name: str,
    spots: Sequence[Place],
    position: float,
) -> PlannedTensor:
    base = part.base_model or recipe.base_model
    shared = (part.parameters, recipe.parameters)
    inputs = []
    for source, spot in zip(part.sources, spots, strict=True):
        places = parents[source.model].places
        # A parent with a tied head may leave it out: the embedding is its head.
        stored = places.get(spot) or places[Place(None, TABLE)]
        is_base = source.model == base
        parameters = {}
        # Filters look at the name that the tensor has in the parent, as in mergekit.
        known_as = layer_tensor(spot.layer, spot.name) if spot.layer is not None else spot.name
        for parameter, default in method.per_model.items():
            value = first_value((source.parameters, *shared), parameter, known_as, position)
            value = default if value is None else value
            if value is None and (method.base_is_weighed or not is_base):
                raise MalformedMerge(
                    f"{recipe.merge_method} needs the parameter {parameter} for {source.model} ({name})"
                )
            if value is not None:
                parameters[parameter] = value
        inputs.append(PlannedInput(source.model, stored, parameters, is_base))
    return PlannedTensor(name, tuple(inputs), _globals(recipe, shared, method, name, position))


def _globals(
    recipe: MergeRecipe, shared: Sequence[Mapping[str, object]], method: MergeMethod, name: str, position: float
) -> dict[str, float]:
    found = {}
    for parameter, default in method.globals.items():
        value = first_value(shared, parameter, name, position)  # type: ignore[arg-type]
        value = default if value is None else value
        if value is None:
            raise MalformedMerge(f"{recipe.merge_method} needs the parameter {parameter} (for {name})")
        found[parameter] = value
    return found
