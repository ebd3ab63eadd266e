"""Questions of our own about published packages, with the lines that answer them: what ranking is measured with."""
