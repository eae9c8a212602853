"""What the system talks about: frozen values of the standard library, no input and no output."""
