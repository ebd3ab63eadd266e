"""PAMPAX for agents: tools, resources and prompts of the Model Context Protocol, for every transport the same.

`server.build_server` makes the protocol's server of the tables in `tools`, `resources` and `prompts`. They work over
`services.Services`, what the caller may do: the gateway has its own use cases behind that, the command line a client of
a gateway. A new tool is one module in `tools` and a line in its table.
"""
