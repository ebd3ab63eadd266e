"""Measured figures of the running system. `make bench` prints them beside the recorded ones."""
