"""What may be done about incidents without asking: one file per response, each a pure choice."""
