"""Which numbers exist: one table per family, each row a function of `stats` with its facts."""
