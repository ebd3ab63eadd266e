"""The teacher's forward pass as an ONNX graph: what `transformer.py` computes, for one text, and the mean of its states
scaled to unit length."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from transformer import EPSILON, HEADS, LAYERS, Array

OPSET = 20  # the first with Gelu
IR_VERSION = 9  # of that opset; newer ones are refused by older runtimes


class _Graph:
    """Nodes and constants in the order in which they are added; every value gets a name of its own."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights
        self._count = itertools.count()
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str, *, transposed: bool = False) -> str:
        """A tensor of the teacher; ONNX multiplies from the left, where a dense layer holds its transpose."""
        value = self.weights[name]
        return self.constant(name, value.T if transposed else value)

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        return self.constant(f"integers{values}", np.array(values, np.int64))

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: object) -> str:
        name = name or f"{operator.lower()}{next(self._count)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def dense(self, at: str, states: str) -> str:
        product = self.add("MatMul", states, self.weight(f"{at}.weight", transposed=True))
        return self.add("Add", product, self.weight(f"{at}.bias"))

    def normalised(self, at: str, states: str) -> str:
        scale, bias = self.weight(f"{at}.weight"), self.weight(f"{at}.bias")
        return self.add("LayerNormalization", states, scale, bias, axis=-1, epsilon=EPSILON)


def sentence_graph(weights: dict[str, Array]) -> onnx.ModelProto:
    """`ids`, int64 of shape (1, tokens), to `vector`, float32 of shape (1, 384)."""
    graph = _Graph(weights)
    states = _embedded(graph)
    for layer in range(LAYERS):
        states = _layer(graph, f"encoder.layer.{layer}", states)
    mean = graph.add("ReduceMean", states, graph.integers(1), keepdims=0)
    length = graph.add("ReduceL2", mean, graph.integers(1), keepdims=1)
    graph.add("Div", mean, length, name="vector")
    width = weights["embeddings.word_embeddings.weight"].shape[1]
    made = helper.make_graph(
        graph.nodes,
        "sentence",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, width])],
        list(graph.constants.values()),
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


def _embedded(graph: _Graph) -> str:
    words = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), "ids")
    count = graph.add("Shape", "ids", start=1, end=2)
    positions = graph.add(
        "Slice", graph.weight("embeddings.position_embeddings.weight"), graph.integers(0), count, graph.integers(0)
    )
    kind = graph.constant("first_type", graph.weights["embeddings.token_type_embeddings.weight"][0])
    states = graph.add("Add", graph.add("Add", words, positions), kind)
    return graph.normalised("embeddings.LayerNorm", states)


def _layer(graph: _Graph, at: str, states: str) -> str:
    attended = graph.dense(f"{at}.attention.output.dense", _attention(graph, f"{at}.attention.self", states))
    states = graph.normalised(f"{at}.attention.output.LayerNorm", graph.add("Add", states, attended))
    inner = graph.add("Gelu", graph.dense(f"{at}.intermediate.dense", states))
    return graph.normalised(
        f"{at}.output.LayerNorm", graph.add("Add", states, graph.dense(f"{at}.output.dense", inner))
    )


def _attention(graph: _Graph, at: str, states: str) -> str:
    def heads(name: str, order: list[int]) -> str:
        parts = graph.add("Reshape", graph.dense(f"{at}.{name}", states), graph.integers(0, 0, HEADS, -1))
        return graph.add("Transpose", parts, perm=order)

    scores = graph.add("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
    width = graph.weights[f"{at}.key.bias"].shape[0] // HEADS
    scaled = graph.add("Mul", scores, graph.constant("scale", np.float32(1 / np.sqrt(width))))
    mixed = graph.add("MatMul", graph.add("Softmax", scaled, axis=-1), heads("value", [0, 2, 1, 3]))
    together = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.add("Reshape", together, graph.integers(0, 0, -1))
