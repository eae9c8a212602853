"""The command `mlmon`: each command parses its arguments and calls one use case."""
