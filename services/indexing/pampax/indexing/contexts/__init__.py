"""Context packs: named scopes, kept for the gateway, which narrows searches and bundles by them."""
