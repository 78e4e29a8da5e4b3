"""A small sound landscape of every file kind, and a catalogue of connectors and workflows made for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from crossdock.connectors.base import BaseConnector, Options
from crossdock.connectors.protocol import Capabilities
from crossdock.landscape.catalogue import NotLoadable
from crossdock.landscape.findings import Finding
from crossdock.landscape.lint import lint

SOUND: dict[str, str] = {
    "crossdock.yaml": """\
name: sound
company: Sound Ltd
default_environment: test
regions: {eu: European Union}
teams:
  ops: {title: Operations, alerts: mail}
  it: {title: IT, email: it@example.com}
defaults:
  region: eu
""",
    "policies.yaml": """\
naming:
  systems: "^[a-z]+(-[a-z0-9]+)*$"
data_classes:
  personal: {fields: [order.customer.email, order.ship_to], restricted: true}
retention:
  - {data_class: personal, state: settled, keep: 90d}
  - {state: settled, keep: 400d}
segments:
  key: {alerts: mail}
alert_routes:
  mail: {targets: ["mailto:ops@example.com"], escalate_to: chat}
  chat: {targets: ["env:CHAT_URL"]}
review:
  - {risks: [ownership, money], reviewers: [it], quorum: 1}
  - {risks: [flow], reviewers: [ops], quorum: 1}
""",
    "calendars.yaml": """\
depot:
  zone: Europe/Berlin
  hours: {mon-fri: "06:00-20:00", sat: "22:00-02:00"}
  holidays: [2026-12-25]
  cutoffs: {dhl: "15:30"}
""",
    "ownership.yaml": """\
entities:
  order:
    owner: [shop, outlet]
    groups:
      notes: {fields: [note], owner: erp}
  product:
    owner:
      - {systems: [shop], until: 2026-01-01}
      - {systems: [erp], since: 2026-01-01}
events:
  order.placed: {originates: [shop, outlet], finalizes: [erp]}
  order.changed: {originates: ["shop:main"]}
""",
    "systems/shop.yaml": """\
kind: shopkit
title: The shop
owner: ops
region: eu
trust: partner
endpoint: https://shop.example
credentials: {webhook_secret: env:SHOP_SECRET}
options: {service_map: services, page: 20}
limits: {rate: 2.5, burst: 5, max_body: 512KB}
polls: [{channel: orders, every: 30s}]
calendar: depot
may_see: [personal]
""",
    "systems/outlet.yaml": "kind: shopkit\nowner: ops\nendpoint: https://outlet.example\ncredentials: {webhook_secret: 'file:secrets/outlet'}\n",
    "systems/erp.yaml": "kind: erpkit\nowner: it\nendpoint: https://erp.example\ncredentials: {api_key: 'vault:erp/key'}\n",
    "partners/shopper.yaml": """\
title: Shopper Inc
state: live
tier: key
owner: ops
region: eu
systems: [shop]
identifiers: [{scheme: gln, value: "4012345000009"}]
contacts: [{role: edi, email: edi@shopper.example}]
agreements: [{document: "850", direction: in, format: x12, version: "004010", transport: as2}]
transports: {as2: {kind: as2, endpoint: "https://as2.example"}}
may_see: [personal]
""",
    "flows/orders.yaml": """\
workflow: toy
consequence: A late order is shipped a day late.
trigger: {events: [order.placed, order.changed], sources: [shop]}
roles: {erp: erp, "shop:main": shop}
settings: {speed: 3, calendar: depot, cutoff: depot/dhl, owner: ops, budget: default}
budgets:
  default: {attempts: 5, until: {within: 4h, working: depot}}
  release: {until: {cutoff: depot/dhl, margin: 10m}}
slas:
  confirmed: {within: 1h, working: depot, owner: it}
  dispatched: {cutoff: depot/dhl}
exception_owner: ops
""",
    "flows/outlet.yaml": """\
workflow: toy
consequence: A late order is shipped a day late.
trigger: {events: [order.placed], sources: [outlet]}
roles: {erp: erp}
budgets: {default: {until: {within: 4h}}}
exception_owner: ops
""",
    "flows/stock.yaml": """\
pattern: direct
consequence: The customer waits for the answer.
roles: {erp: erp}
direct: {question: stock.available, to: erp, time_limit: 800ms, fallback: {mode: last_known, max_age: 15m}}
exception_owner: it
""",
    "flows/nightly.yaml": """\
workflow: toy
timing: batch
schedule: {cron: "30 2 * * mon-fri", calendar: depot}
consequence: Finds what was lost; a day is early enough.
roles: {erp: erp, shop: shop}
budgets: {default: {until: {within: 4h}}}
exception_owner: it
""",
    "rules/value.yaml": """\
events: [order.placed, order.changed]
sources: [shop]
when: order.currency == "EUR"
require: order.total.amount >= decimal("5.00")
message: Too small.
owner: ops
""",
    "rules/size.yaml": "events: [order.placed]\nrequire: size(order.lines) <= 200\nmessage: Too long.\nowner: ops\n",
    "value-maps/services.yaml": """\
entries: {STD: standard, Free: standard, EXP: express}
preferred: {standard: STD}
ignore_case: true
owner: ops
""",
    "environments/test.yaml": """\
region: eu
endpoints: {erp: "${env:ERP_URL:-http://127.0.0.1:1}"}
credentials: {erp: {api_key: env:ERP_KEY}}
mail: env:MAIL_URL
""",
}
"""A landscape without a single finding."""


class ShopOptions(Options):
    service_map: str = ""
    page: Annotated[int, Field(ge=1)] = 10


class ShopKit(BaseConnector):
    kind: ClassVar[str] = "shopkit"
    capabilities: ClassVar[Capabilities] = Capabilities(receives=True, polls=True)
    Options: ClassVar[type[Any]] = ShopOptions

    @classmethod
    def credential_purposes(cls, options: Any) -> frozenset[str]:
        return frozenset({"webhook_secret"})

    @classmethod
    def poll_channels(cls, options: Any) -> frozenset[str]:
        return frozenset({"orders"})


class DepotOptions(Options):
    location_map: str = ""
    reason_map: str = ""


class DepotKit(BaseConnector):
    kind: ClassVar[str] = "depotkit"
    capabilities: ClassVar[Capabilities] = Capabilities(receives=True)
    Options: ClassVar[type[Any]] = DepotOptions


class ErpKit(BaseConnector):
    kind: ClassVar[str] = "erpkit"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"order.create"}), questions=frozenset({"stock.available"})
    )


class MuteKit(BaseConnector):
    """Neither sends nor does anything."""

    kind: ClassVar[str] = "mute"


class ToySettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    speed: Annotated[int, Field(ge=1)] = 1
    calendar: str = ""
    cutoff: str = ""
    owner: str = ""
    budget: str = ""


class Toy:
    triggers: ClassVar[frozenset[str]] = frozenset({"order.placed"})
    accepts: ClassVar[frozenset[str]] = frozenset({"order.placed", "order.changed"})
    Settings: ClassVar[type[Any]] = ToySettings

    @staticmethod
    def requires(roles: Mapping[str, str], settings: ToySettings) -> Mapping[str, frozenset[str]]:
        return {"erp": frozenset({"order.create"})}


class Odd(Toy):
    """Asks for a command nobody has."""

    Settings: ClassVar[type[Any]] = ToySettings

    @staticmethod
    def requires(roles: Mapping[str, str], settings: ToySettings) -> Mapping[str, frozenset[str]]:
        return {"erp": frozenset({"order.creat"})}


class TestCatalogue:
    __test__ = False
    _connectors: ClassVar[dict[str, Any]] = {
        "shopkit": ShopKit,
        "depotkit": DepotKit,
        "erpkit": ErpKit,
        "mute": MuteKit,
        "broken": None,
    }
    _processes: ClassVar[dict[str, Any]] = {"toy": Toy, "odd": Odd, "torn": None}

    def connectors(self) -> frozenset[str]:
        return frozenset(self._connectors)

    def processes(self) -> frozenset[str]:
        return frozenset(self._processes)

    def connector(self, kind: str) -> Any:
        if kind == "broken":
            raise NotLoadable("broken: ImportError: no such module")
        return self._connectors[kind]

    def process(self, name: str) -> Any:
        if name == "torn":
            raise NotLoadable("torn: SyntaxError")
        return self._processes[name]


Change = str | None | tuple[str, str]
"""A file's new text, None to leave it out, or what to replace in it by what."""


def changed(changes: Mapping[str, Change]) -> dict[str, str]:
    files = dict(SOUND)
    for file, change in changes.items():
        if change is None:
            del files[file]
        elif isinstance(change, tuple):
            old, new = change
            assert old in files[file], f"{old!r} is not in {file}"
            files[file] = files[file].replace(old, new)
        else:
            files[file] = change
    return files


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes the sound landscape with changes and returns its folder."""

    def make(changes: Mapping[str, Change] | None = None, name: str = "landscape") -> Path:
        return write(tmp_path / name, changed(changes or {}))

    return make


@pytest.fixture
def find(folder: Callable[..., Path]) -> Callable[..., list[Finding]]:
    """The findings of the sound landscape with changes."""

    def finder(changes: Mapping[str, Change] | None = None, **options: Any) -> list[Finding]:
        return lint(folder(changes), catalogue=TestCatalogue(), variables={}, **options)

    return finder
