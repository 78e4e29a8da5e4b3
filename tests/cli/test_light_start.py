"""A command loads what it needs: everybody would wait for the rest, and an idle hub would carry it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("lxml", "openpyxl", "cryptography", "asyncssh", "reportlab", "saxonche", "karrio", "django", "cel_expr_python")


@pytest.mark.parametrize(
    ("what", "modules", "heavy"),
    [
        # `--version`, `--help` and every command wait for these: neither a landscape nor a connector is among them
        ("the commands", "import crossdock.cli.main; crossdock.cli.main._mount()", (*HEAVY, "pydantic", "aiohttp")),
        ("a landscape", "import crossdock.landscape.load, crossdock.pipeline.location", (*HEAVY, "aiohttp")),
        ("a hub", "import crossdock.cli.succession, crossdock.pipeline.hub, crossdock.workbench.front", HEAVY),
    ],
    ids=lambda words: words if isinstance(words, str) and words.startswith(("the", "a ")) else "",
)
def test_nothing_heavy_is_loaded_before_it_is_needed(what: str, modules: str, heavy: tuple[str, ...]) -> None:
    asked = f"{modules}\nimport sys\nprint(*(set({heavy!r}) & {{name.partition('.')[0] for name in sys.modules}}))"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.split() == [], what
