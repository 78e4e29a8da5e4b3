"""The settings in the how-tos are settings the transports take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from crossdock.landscape.models.environment import Environment
from crossdock.transports.base import options_of, transport_kind

ROOT = Path(__file__).parents[2]
PAGES = ["docs/how-to/as2-with-a-partner.md", "docs/how-to/sftp-drop-box.md", "docs/reference/transports.md"]


def blocks(page: str) -> list[dict]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("page", PAGES)
def test_transports(page) -> None:
    found = [transport for block in blocks(page) for transport in block.get("transports", {}).values()]
    assert found
    for each in found:
        kind = transport_kind(each["kind"])
        options = options_of(kind, each["options"], page)
        assert kind.credential_purposes(options) <= set(each.get("credentials", {}))


def test_the_environment_of_the_drop_box() -> None:
    (found,) = [block for block in blocks("docs/how-to/sftp-drop-box.md") if "dropbox" in block]
    assert Environment.model_validate({"name": "production", **found}).dropbox is not None
