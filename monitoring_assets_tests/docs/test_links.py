"""Links lead somewhere, pictures are there, and nothing names a machine or an index."""

import re
import struct

import pytest

from monitoring_assets_tests.docs.pages import ROOT, read_pages

PAGES = read_pages()
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".lock", ".json", ".mako", ".txt", ".sql", ""}
_NOT_OURS = {".git", ".venv", ".mlmon", "build", "dist"}
_MACHINE = re.compile(
    r"(?<![\w.<$}])/(?:work|root|home/[a-z]+|Users/[A-Za-z]+|mnt)/\w"
    r"|--(?:extra-)?index-url|--find-links|pypi\.org/simple|files\.pythonhosted\.org"
)


def _anchors(text):
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def _relative_links():
    for page in PAGES:
        for link in _LINK.findall(page.text):
            if "://" not in link:
                yield page, link


@pytest.mark.parametrize(
    ("page", "link"), list(_relative_links()), ids=lambda x: getattr(x, "name", x)
)
def test_a_link_leads_to_a_file_and_a_heading(page, link):
    path, _, anchor = link.partition("#")
    target = (page.path.parent / path).resolve() if path else page.path
    assert target.exists()
    assert not anchor or anchor in _anchors(target.read_text(encoding="utf-8"))


@pytest.mark.parametrize("image", sorted((ROOT / "docs/images").iterdir()), ids=lambda p: p.name)
def test_a_picture_is_used_and_small(image):
    assert any(f"images/{image.name})" in page.text for page in PAGES)
    assert image.stat().st_size <= 250 * 1024


@pytest.mark.parametrize(
    "image", sorted((ROOT / "docs/images").glob("*.png")), ids=lambda p: p.name
)
def test_a_screenshot_is_as_wide_as_the_others(image):
    width, height = struct.unpack(">II", image.read_bytes()[16:24])
    assert (width, height <= 1000) == (1600, True)


def _our_files():
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        is_ours = not any(p in _NOT_OURS or p.endswith(("cache", ".egg-info")) for p in parts)
        if is_ours and path.is_file() and path.suffix in _TEXTS and parts[0] != ".hypothesis":
            yield path


def test_no_file_names_a_machine_or_an_index():
    # Without this file, which has to name what it looks for.
    files = [path for path in _our_files() if path.name != "test_links.py"]
    found = [p.name for p in files if _MACHINE.search(p.read_text(encoding="utf-8"))]
    assert found == []
    assert len(files) > 100
