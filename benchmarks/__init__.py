"""Commands that measure the figures of the documentation; anybody can run them."""
