"""How a worker shows that it lives: `pulse` between its processes and to whoever watches them, `row` to health."""
