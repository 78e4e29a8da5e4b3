"""What the pages about payment gateways print is what the connectors take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossdock.connectors.adyen.connector import AdyenConnector
from crossdock.connectors.stripe.connector import StripeConnector

ROOT = Path(__file__).parents[2]
CONNECTORS: dict[str, Any] = {"stripe": StripeConnector, "adyen": AdyenConnector}
PAGES = [
    *(ROOT / f"src/crossdock/connectors/{kind}/README.md" for kind in CONNECTORS),
    ROOT / "docs/how-to/connect-a-payment-gateway.md",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_the_systems_file_as_printed_is_taken(page: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    system = yaml.safe_load(found[1])
    connector = CONNECTORS[system["kind"]]
    options = connector.Options.model_validate(system["options"])
    assert connector.credential_purposes(options) <= set(system["credentials"])
    assert {poll["channel"] for poll in system["polls"]} == connector.poll_channels(options)


@pytest.mark.parametrize("kind", CONNECTORS)
def test_every_option_is_explained(kind: str) -> None:
    page = (ROOT / f"src/crossdock/connectors/{kind}/README.md").read_text(encoding="utf-8")
    missing = [name for name in CONNECTORS[kind].Options.model_fields if f"`{name}`" not in page]
    assert missing == []
