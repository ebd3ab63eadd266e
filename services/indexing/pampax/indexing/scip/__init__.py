"""What SCIP indexes say of files: taken where it fits the text that is stored, and kept for the code graph."""
