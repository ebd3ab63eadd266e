"""Domain types that every part shares: errors, identifiers, identity. Standard library only."""
