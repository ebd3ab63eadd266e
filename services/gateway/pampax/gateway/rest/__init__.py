"""REST: routes by resource, models that check and document, a problem for all that fails."""
