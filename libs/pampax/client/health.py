"""The state of the system's parts."""

from __future__ import annotations

from pampax.client.model import Answer


class Component(Answer):
    """One part; `advice` says what is wrong and what to do."""

    name: str
    status: str
    took_ms: float
    advice: str


class Health(Answer):
    """ok, degraded or failed: the worst that matters, and each part."""

    status: str
    components: list[Component]
