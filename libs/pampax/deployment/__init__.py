"""What containers need beside the services: the secrets of a first start, and a collector of traces."""
