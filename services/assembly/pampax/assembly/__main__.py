"""`python -m pampax.assembly` runs the assembly service."""

from pampax.assembly.app import run
from pampax.runtime.process import main

if __name__ == "__main__":
    main("assembly", run)
