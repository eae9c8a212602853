"""The project's own Postgres server for the set-up that needs no other: start, stop, status."""
