"""What REST requests must look like and what its answers do look like, as the OpenAPI document tells it.

Requests are checked by these models. Answers are not: they are encoded directly from messages (`pampax.gateway.rest.
answers`), and the contract tests compare every one with its model.
"""
