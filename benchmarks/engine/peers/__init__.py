"""Other tools on the same work: for each a module, and the versions it is measured with."""
