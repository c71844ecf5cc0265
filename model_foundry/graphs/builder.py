"""Wraps onnx.helper: nodes with generated names, constants and external data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from model_foundry.graphs.weights import StoredTensor

OPSET, IR_VERSION = 21, 10
MICROSOFT = "com.microsoft"


class GraphBuilder:
    """Collects one graph. A value is its name; nodes are added in the order of computation."""

    def __init__(self) -> None:
        self._prefix = ""
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._shapes: list[onnx.ValueInfoProto] = []
        self._casts: set[str] = set()

    def input(self, name: str, kind: int, shape: Sequence[int | str]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, kind: int, shape: Sequence[int | str]) -> None:
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def node(self, kind: str, inputs: Sequence[str], name: str = "", domain: str = "", **attributes: Any) -> str:
        """Adds a node with one output, which is called ``name`` (or a running number)."""
        made = name or f"{self._prefix}{kind}.{len(self._nodes)}"
        return self.node_with_outputs(kind, inputs, [made], domain, **attributes)[0]

    def branch(self, name: str) -> GraphBuilder:
        """The builder of one branch of an ``If``: it sees every value that is here by now, and its
        constants lie here, so that two branches may use one. ``name`` tells its values from others."""
        inner = GraphBuilder()
        inner._prefix, inner._initializers = f"{name}.", self._initializers
        return inner

    def choose(self, condition: str, yes: GraphBuilder, no: GraphBuilder, outputs: Sequence[str]) -> list[str]:
        """What ``yes`` put out if the scalar ``condition`` is true, else ``no``, under new names: the
        branches' outputs correspond by their order."""
        bodies = [helper.make_graph(b._nodes, b._prefix, [], b._outputs, value_info=b._shapes) for b in (yes, no)]
        return self.node_with_outputs("If", [condition], outputs, then_branch=bodies[0], else_branch=bodies[1])

    def node_with_outputs(
        self, kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **attributes: Any
    ) -> list[str]:
        """Adds a node with the named outputs; an empty name is an output that isn't wanted."""
        label = next(output for output in outputs if output)
        self._nodes.append(helper.make_node(kind, list(inputs), list(outputs), name=label, domain=domain, **attributes))
        return list(outputs)

    def shape(self, name: str, shape: Sequence[int | str]) -> None:
        """Tells the shape of an F32 value that can't be inferred, extents by number or symbol.

        onnxruntime plans a session's memory by matching shapes, in a time that grows with the
        square of the values whose shape it doesn't know: with a decoder's thousands, seconds.
        For the same reason a Reshape that keeps an extent says so with a 0, not with -1.
        """
        self._shapes.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """A small constant inside the graph file; a name that is there already is that constant."""
        if name not in self._initializers:
            self._initializers[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        """The I64 vector of ``values``."""
        return self.constant("i64." + "_".join(map(str, values)), np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """The F32 scalar ``value``."""
        return self.constant(f"f32.{value!r}", np.array(value, np.float32))

    def stored(self, tensor: StoredTensor) -> str:
        """A tensor that lies in a shard, or in a shard's expansion: external data."""
        name = tensor.name
        if name not in self._initializers:
            proto = TensorProto(name=name, data_type=tensor.onnx_type, dims=tensor.shape)
            proto.data_location = TensorProto.EXTERNAL
            for key, value in (
                ("location", tensor.location),
                ("offset", str(tensor.offset)),
                ("length", str(tensor.length)),
            ):
                proto.external_data.add(key=key, value=value)
            self._initializers[name] = proto
        return name

    def as_float32(self, stored: str) -> str:
        """A stored F16 tensor as F32, one node however often it is asked for; the session folds it into a constant."""
        name = f"{stored}.f32"
        if name not in self._casts:
            self._casts.add(self.node("Cast", [stored], name, to=TensorProto.FLOAT))
        return name

    def serialized(self, name: str) -> bytes:
        """The ONNX file, the same bytes for the same graph."""
        graph = helper.make_graph(
            self._nodes,
            name,
            self._inputs,
            self._outputs,
            initializer=list(self._initializers.values()),
            value_info=self._shapes,
        )
        model = helper.make_model(
            graph,
            producer_name="model_foundry",
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
            ir_version=IR_VERSION,
        )
        data: bytes = model.SerializeToString(deterministic=True)
        return data
