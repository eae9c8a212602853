"""What is said of a run that failed."""


def first_line(text: str, most: int = 300) -> str:
    """Return the first line of an error that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if lines else "no reason was given")[:most]
