"""The ONNX graph of the reranker computes what the teacher computes in numpy, also when it is made small."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

MODELS = Path(__file__).parents[3] / "models"
SCRIPTS = ("graph", "transformer")
WORDS, POSITIONS, WIDTH, INNER = 50, 16, 24, 48


@pytest.fixture(scope="module")
def scripts() -> Iterator[SimpleNamespace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(MODELS))
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in SCRIPTS})
    for name in SCRIPTS:
        sys.modules.pop(name, None)


def weights(layers: int) -> dict[str, np.ndarray]:
    """A teacher of a few dimensions, by chance."""
    chance = np.random.default_rng(7)

    def some(*shape: int) -> np.ndarray:
        return chance.standard_normal(shape).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": some(WORDS, WIDTH),
        "embeddings.position_embeddings.weight": some(POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": some(2, WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
        for name, shape in {
            "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
            "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER),
        }.items():  # fmt: skip
            made[f"{at}.{name}.weight"], made[f"{at}.{name}.bias"] = some(*shape) / 4, some(shape[0]) / 4
    for name in norms:
        made[f"{name}.weight"], made[f"{name}.bias"] = some(WIDTH), some(WIDTH)
    return made


@pytest.mark.parametrize("length", [1, 2, 9, POSITIONS])
def test_the_graph_is_the_teacher(scripts: SimpleNamespace, length: int) -> None:
    made = weights(scripts.transformer.LAYERS)
    model = scripts.graph.sentence_graph(made).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(length).integers(0, WORDS, (1, length))
    (vector,) = session.run(["vector"], {"ids": ids})
    mean = scripts.transformer.token_states(made, ids).mean(axis=1)
    assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)
