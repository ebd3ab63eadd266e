"""Generated from proto/pampax/v1 by `make proto`; never edited."""
