"""How room is shared: named sets of the constants in `choice`.

focused: fewer pieces, nearly all of them in full. broad: more files, many of them by a signature or an outline.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pampax.assembly.bundle import Rendering
from pampax.assembly.choice import USUAL, Rules

_POLICIES: Final = {
    "balanced": USUAL,
    "focused": Rules(
        shares={Rendering.REFERENCE: 0.02, Rendering.SIGNATURE: 0.08, Rendering.SKELETON: 0.3, Rendering.FULL: 1.0},
        effort_tokens=500,
        min_share=0.15,
        min_share_of_a_line=0.4,
        presence=0.0,
        file_floor=0.3,
    ),
    "broad": Rules(
        shares={Rendering.REFERENCE: 0.12, Rendering.SIGNATURE: 0.4, Rendering.SKELETON: 0.65, Rendering.FULL: 1.0},
        effort_tokens=40,
        min_share=0.015,
        min_share_of_a_line=0.02,
        presence=1.5,
        file_floor=0.06,
    ),
}


def rules_of(policy: str, depth: int) -> Rules:
    """Whoever looks deeper wants to see what is worth less: each level beyond the first halves the floors."""
    rules = _POLICIES[policy]
    deeper = 2 ** max(depth - 1, 0)
    return replace(
        rules,
        min_share=rules.min_share / deeper,
        min_share_of_a_line=rules.min_share_of_a_line / deeper,
        file_floor=rules.file_floor / deeper,
    )
