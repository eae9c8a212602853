"""The pages of the documentation, and what the tests look for in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Page:
    """One Markdown page."""

    path: Path
    text: str

    @property
    def name(self):
        return str(self.path.relative_to(ROOT))

    @property
    def prose(self):
        """Return the text without fenced blocks."""
        return re.sub(r"^ *```.*?^ *```", "", self.text, flags=re.DOTALL | re.MULTILINE)

    def blocks(self, *languages):
        """Return the fenced blocks of some languages."""
        fence = rf"^( *)```(?:{'|'.join(languages)})\n(.*?)^\1```"
        return [found[1] for found in re.findall(fence, self.text, re.DOTALL | re.MULTILINE)]

    def section(self, heading):
        """Return what stands below a heading, up to the next one of the same level."""
        level = heading.partition(" ")[0]
        after = self.text.split(f"\n{heading}\n", 1)[1]
        return Page(self.path, re.split(rf"^{level} ", after, maxsplit=1, flags=re.MULTILINE)[0])


def read_pages():
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [Page(file, file.read_text(encoding="utf-8")) for file in sorted(files)]
