"""The state of the system's parts."""

from __future__ import annotations

from typing import Any

from pampax.client.model import Answer


class Component(Answer):
    """One part: what was found, and what is wrong and what to do. `diagnostics` is what a service tells of itself."""

    name: str
    status: str
    took_ms: float
    advice: str
    detail: str = ""
    diagnostics: dict[str, Any] | None = None


class Health(Answer):
    """ok, degraded or failed: the worst that matters, and each part."""

    status: str
    components: list[Component]
    took_ms: float = 0.0
