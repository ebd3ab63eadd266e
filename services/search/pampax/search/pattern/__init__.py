"""Text and regular expressions: which files may hold one by their grams, and which lines of those do."""
