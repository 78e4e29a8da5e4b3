"""What the pages say is true: links lead somewhere, commands exist, and no page names a place only its writer can reach."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from docs.generator.cli import commands

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "src").rglob("*.md"),
    ]
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"```.*?```|^(?: {4}|\t).*$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?<![\w/.-])crossdock ((?:[a-z]+ ?)+)((?: ?--?[a-z][a-z-]*)*)")
NAMES = {command.name.removeprefix("crossdock ") for command in commands()}
GROUPS = {name.split()[0] for name in NAMES if " " in name}
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs|crates\.io|proxy\.golang|deb\.debian|repo1\.maven|docker\.io", re.IGNORECASE
)


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def anchors(path: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    made = []
    for title in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        made.append(re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-"))
    return frozenset(made)


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_links_lead_somewhere(path: Path) -> None:
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    broken = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(found)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_commands_exist(path: Path) -> None:
    """A page that names a command nobody can run is worse than none."""
    wrong = []
    for quoted in re.findall(r"`([^`\n]+)`|^ {4}(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
        line = quoted[0] or quoted[1]
        for words in re.findall(r"(?:^|[ /|])crossdock ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", line):
            first = words.partition(" ")[0]
            whole = words if first in GROUPS else first
            known = whole in NAMES or any(name.startswith(f"{whole} ") for name in NAMES)
            if not known:
                wrong.append(f"crossdock {words}")
    assert wrong == []


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_no_page_names_a_registry_or_a_private_path(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert REGISTRIES.findall(text) == []
    assert re.findall(r"/work/\w+|/root/", text) == []


def test_hints_name_commands_that_exist() -> None:
    from docs.generator.errors import kinds

    for kind in kinds():
        for words in re.findall(r"`crossdock ([a-z-]+)", kind.hint):
            assert words in {name.split()[0] for name in NAMES}, f"{kind.code}: {kind.hint}"
