"""`python -m pampax.gateway`."""

from __future__ import annotations

from pampax.gateway.app import COMPONENT, run
from pampax.runtime.process import main

if __name__ == "__main__":
    main(COMPONENT, run)
