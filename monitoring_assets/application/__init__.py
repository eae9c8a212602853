"""Use cases: what is done with a model's windows, in terms of ports that adapters implement."""
