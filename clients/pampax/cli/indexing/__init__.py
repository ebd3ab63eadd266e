"""What `pampax index` does: name the source, send what is needed, follow the work and tell of it."""
