"""One system under load for all faults of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .scene import Scene, scene_of_faults


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    with scene_of_faults() as made:
        yield made
