"""The resources: what an agent may read before it asks anything."""

from __future__ import annotations

from typing import Final

from pampax.mcp.resources import codemap, overview
from pampax.mcp.resources.resource import Resource

RESOURCES: Final[tuple[Resource, ...]] = (overview.RESOURCE, codemap.RESOURCE)
TEMPLATES: Final[tuple[Resource, ...]] = (codemap.OF_ONE,)
