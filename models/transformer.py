"""The teacher, all-MiniLM-L6-v2, in numpy: BERT's forward pass for sequences of one length, from its safetensors file.

Distilling only asks for sequences of three tokens, so neither PyTorch nor padding is needed.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

LAYERS = 6
HEADS = 12
EPSILON = 1e-12  # of layer normalisation, from the teacher's config.json


def read_weights(data: bytes) -> dict[str, Array]:
    """Every float32 tensor of a safetensors file, by name."""
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    body = memoryview(data)[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def token_states(weights: dict[str, Array], ids: NDArray[np.intp]) -> Array:
    """Last hidden states, shape (n, length, 384), of token ids of shape (n, length), without padding."""
    states = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    states = _normalise(weights, "embeddings.LayerNorm", states)
    for layer in range(LAYERS):
        states = _layer(weights, f"encoder.layer.{layer}", states)
    return states


def _layer(weights: dict[str, Array], at: str, states: Array) -> Array:
    attended = _dense(weights, f"{at}.attention.output.dense", _attention(weights, f"{at}.attention.self", states))
    states = _normalise(weights, f"{at}.attention.output.LayerNorm", states + attended)
    inner = _gelu(_dense(weights, f"{at}.intermediate.dense", states))
    return _normalise(weights, f"{at}.output.LayerNorm", states + _dense(weights, f"{at}.output.dense", inner))


def _attention(weights: dict[str, Array], at: str, states: Array) -> Array:
    n, length, width = states.shape

    def heads(name: str) -> Array:
        return _dense(weights, f"{at}.{name}", states).reshape(n, length, HEADS, -1).transpose(0, 2, 1, 3)

    scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(width / HEADS))
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = (odds / odds.sum(axis=-1, keepdims=True)) @ heads("value")
    return np.asarray(mixed.transpose(0, 2, 1, 3).reshape(n, length, width))


def _dense(weights: dict[str, Array], at: str, states: Array) -> Array:
    return np.asarray(states @ weights[f"{at}.weight"].T + weights[f"{at}.bias"])


def _normalise(weights: dict[str, Array], at: str, states: Array) -> Array:
    centred = states - states.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
    return np.asarray(centred / spread * weights[f"{at}.weight"] + weights[f"{at}.bias"])


def _gelu(x: Array) -> Array:
    """x * Phi(x), with erf by Abramowitz and Stegun 7.1.26 (error below 1.5e-7, the scale of float32)."""
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    tail = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail = (tail + np.float32(factor)) * t
    erf = np.copysign(1 - tail * np.exp(-z * z), x)
    return np.asarray(x * (1 + erf) / 2)
