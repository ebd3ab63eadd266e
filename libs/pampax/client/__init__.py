"""A typed client of the gateway's REST API: what the command line and other programs call PAMPAX with.

`client.Client` has a method per route and raises the errors of `pampax.core.errors`; `following.follow` waits for long
work. It needs httpx and pydantic and knows nothing of the services behind the gateway.
"""
