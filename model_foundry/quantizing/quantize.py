"""Quantizes a model's matrices: same architecture, same names, other bits."""

from __future__ import annotations

from dataclasses import replace

from model_foundry.errors import UnknownScheme
from model_foundry.model.description import Layer, ModelDescription
from model_foundry.model.weights import BLOCK, Float32, Matrix
from model_foundry.progress import Progress
from model_foundry.quantizing.activation_aware import scaled_for_inputs
from model_foundry.quantizing.activations import Activations, observe
from model_foundry.quantizing.k_quant import k_quant
from model_foundry.quantizing.plan import QuantizationPlan
from model_foundry.quantizing.round_to_nearest import round_to_nearest
from model_foundry.quantizing.scheme import Floats, Scheme
from model_foundry.sharding.stored import EMBEDDING, HEAD, linear_names


def quantize(model: ModelDescription, plan: QuantizationPlan, calibration: str, progress: Progress) -> ModelDescription:
    """``model`` as ``plan`` wants it stored.

    A matrix that has its form already is left alone, to the last bit. ``calibration`` is the text
    on which inputs are observed, by the methods that need to. Raises UnknownScheme for an override
    that matches nothing, UnquantizableMatrix.
    """
    names = matrix_names(model)
    if unmatched := plan.unmatched(names):
        raise UnknownScheme(f"no matrix is called {unmatched[0]}; there are {', '.join(_examples(names))}")
    table = plan.scheme_for(EMBEDDING)
    if isinstance(table, Scheme) and table.block != BLOCK:
        raise UnknownScheme(f"the token table is read by blocks of {BLOCK}; only other matrices may have larger ones")
    activations = None
    if plan.method != "rtn":
        progress("observing activations", 0, 1)
        activations = observe(model, calibration)
        progress("observing activations", 1, 1)
    return _Quantizer(plan, activations, progress).run(model)


def matrix_names(model: ModelDescription) -> list[str]:
    """Stored names of all matrices of ``model``."""
    layers = [name for index in range(len(model.layers)) for name in linear_names(index).values()]
    return [EMBEDDING, *layers, *([] if model.head is None else [HEAD])]


def _examples(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("layers.") or name.startswith("layers.0.")]


class _Quantizer:
    def __init__(self, plan: QuantizationPlan, activations: Activations | None, progress: Progress) -> None:
        self._plan, self._activations, self._progress = plan, activations, progress
        self._factors: dict[str, Float32] = {}

    def run(self, model: ModelDescription) -> ModelDescription:
        if self._plan.method == "awq" and self._activations is not None:
            model, self._factors = scaled_for_inputs(
                model, self._activations, self._plain, self._unscaled, self._progress
            )
        layers = []
        for index, layer in enumerate(model.layers):
            self._progress("quantizing", index, len(model.layers) + 1)
            layers.append(self._layer(layer, index))
        quantized = replace(
            model,
            layers=tuple(layers),
            embedding=self._matrix(EMBEDDING, model.embedding),
            head=None if model.head is None else self._matrix(HEAD, model.head),
        )
        self._progress("quantizing", len(model.layers) + 1, len(model.layers) + 1)
        return quantized

    def _layer(self, layer: Layer, index: int) -> Layer:
        maps = {}
        for field, name in linear_names(index).items():
            linear = getattr(layer, field)
            maps[field] = replace(linear, weight=self._matrix(name, linear.weight))
        return replace(layer, **maps)

    def _matrix(self, name: str, matrix: Matrix) -> Matrix:
        scheme = self._plan.scheme_for(name)
        if scheme is None or scheme.describes(matrix):
            return matrix
        if isinstance(scheme, Floats):
            return scheme.of(name, matrix.dequantized())
        if self._activations is None:
            return round_to_nearest(matrix.dequantized(), scheme)
        importance = self._activations.importance(name)
        if importance is not None and name in self._factors:
            importance = importance / self._factors[name] ** 2
        return k_quant(matrix.dequantized(), scheme, importance)

    def _plain(self, name: str, weight: Float32) -> Matrix:
        scheme = self._plan.scheme_for(name)
        assert isinstance(scheme, Scheme), "what isn't put into blocks isn't scaled"
        return round_to_nearest(weight, scheme)

    def _unscaled(self, name: str, matrix: Matrix) -> bool:
        scheme = self._plan.scheme_for(name)
        return not isinstance(scheme, Scheme) or scheme.describes(matrix)
