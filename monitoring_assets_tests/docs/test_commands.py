"""Every command in the pages exists, with those options; every command is in the pages."""

import re
import shlex

import pytest

from monitoring_assets.cli.main import COMMANDS, _parser
from monitoring_assets_tests.docs.pages import read_pages

# Where a command ends: the end of the line, a pipe, a redirection, the end of `$(…)`.
_COMMAND = re.compile(r"\bmlmon ((?:[^\n|<>&)`\"#]|(?<=\\)\n)+)")


def _mentioned(page):
    blocks = "\n".join(page.blocks("console", "yaml"))
    # An inline command may be broken over two lines of prose.
    inline = [code.replace("\n", " ") for code in re.findall(r"`([^`]+)`", page.prose)]
    code = "\n".join([blocks, *(c for c in inline if c.startswith(("mlmon ", "eval ")))])
    return [found.replace("\\\n", " ").strip() for found in _COMMAND.findall(code)]


MENTIONED = sorted({(p.name, command) for p in read_pages() for command in _mentioned(p)})


@pytest.mark.parametrize(("page", "command"), MENTIONED)
def test_a_command_of_a_page_is_understood(page, command):
    words = [word for word in shlex.split(command) if not word.startswith("…")]
    parser = _parser(words[0])
    if len(words) == 1:
        assert words[0] in COMMANDS
    else:
        parser.parse_args(words)


def test_enough_commands_were_found():
    assert len(MENTIONED) > 25


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command, readme):
    assert f"| `mlmon {command}` |" in readme.text


def test_the_targets_of_make_that_are_named_exist(pages):
    makefile = (pages[0].path.parent / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join(
        b for p in pages for b in (*p.blocks("console"), *re.findall("`([^`]+)`", p.prose))
    )
    named = set(re.findall(r"^(?:time )?make ([a-z-]+)", code, re.MULTILINE))
    assert {"demo", "test", "check", "lock"} <= named <= targets
