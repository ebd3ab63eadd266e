"""Text and regular expressions: which files may hold one by their trigrams, and which lines of those do."""
