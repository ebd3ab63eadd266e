"""The Model Context Protocol at /mcp: the shared tools over the gateway's own use cases, in stateless HTTP."""
