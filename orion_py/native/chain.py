"""Runs sessions one after the other as if they were one: each takes by name what the one before it hands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
OrtValues = Mapping[str, Any]


@dataclass(frozen=True)
class _Link:
    session: Any
    inputs: frozenset[str]
    outputs: frozenset[str]


class Chain:
    """``sessions`` are the stages of ``orion_py.manifest.variants.SessionSpec``, or one session alone: no two
    have an output of the same name. ``handed_on`` are the outputs that a later session takes in."""

    def __init__(self, sessions: Sequence[Any]) -> None:
        self._links = [
            _Link(
                session,
                frozenset(value.name for value in session.get_inputs()),
                frozenset(value.name for value in session.get_outputs()),
            )
            for session in sessions
        ]
        taken = frozenset[str]().union(*(link.inputs for link in self._links))
        self.handed_on = taken & frozenset[str]().union(*(link.outputs for link in self._links))

    def run(self, wanted: Sequence[str], feeds: Arrays) -> list[NDArray[Any]]:
        """The outputs ``wanted``, in their order."""
        values = dict(feeds)
        for link in self._links:
            names = [name for name in (*wanted, *self.handed_on) if name in link.outputs]
            made = link.session.run(names, {name: values[name] for name in link.inputs})
            values.update(zip(names, made, strict=True))
        return [values[name] for name in wanted]

    def bound(self, inputs: OrtValues, outputs: OrtValues) -> BoundChain:
        """A run that always reads and writes these."""
        bindings = [link.session.io_binding() for link in self._links]
        for link, binding in zip(self._links, bindings, strict=True):
            for name in link.inputs & inputs.keys():
                binding.bind_ortvalue_input(name, inputs[name])
            for name in link.outputs & outputs.keys():
                binding.bind_ortvalue_output(name, outputs[name])
        return BoundChain(self._links, bindings)


class BoundChain:
    """Made by ``Chain.bound``. Not re-entrant."""

    def __init__(self, links: Sequence[_Link], bindings: Sequence[Any]) -> None:
        self._links, self._bindings = links, bindings

    def run(self, inputs: Arrays, outputs: Arrays) -> None:
        """Reads and writes these besides; what is handed on stands among ``outputs``."""
        written = {name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in outputs.items()}
        for link, binding in zip(self._links, self._bindings, strict=True):
            for name in link.inputs & inputs.keys():
                binding.bind_cpu_input(name, inputs[name])
            for name in link.inputs & written.keys():
                binding.bind_ortvalue_input(name, written[name])
            for name in link.outputs & written.keys():
                binding.bind_ortvalue_output(name, written[name])
            link.session.run_with_iobinding(binding)
