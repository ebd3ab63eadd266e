"""Tasks out of the history of real repositories: what a commit's message asks for, and what the commit has changed."""
