"""`python -m pampax.search` runs the search service."""

from pampax.runtime.process import main
from pampax.search.app import run

if __name__ == "__main__":
    main("search", run)
