"""Loading for a run: defaults and bindings applied, one identity for one content, refusal with reasons, fast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml

from crossdock.core.budget import RetryBudget
from crossdock.core.errors import LandscapeInvalid
from crossdock.core.ownership import compile_ownership
from crossdock.core.ratelimit import RateLimit
from crossdock.landscape import document, files
from crossdock.landscape.demo import DEMO
from crossdock.landscape.files import read
from crossdock.landscape.load import load


def test_files_become_one_immutable_whole(folder) -> None:
    landscape = load(folder(), variables={})
    assert (landscape.name, landscape.company, landscape.partitions) == ("sound", "Sound Ltd", 16)
    assert set(landscape.systems) == {"shop", "outlet", "erp"}
    with pytest.raises(TypeError):
        landscape.systems["x"] = landscape.systems["shop"]  # type: ignore[index]
    with pytest.raises(ValueError, match="frozen"):
        landscape.systems["shop"].kind = "x"


def test_the_environment_binds_endpoints_and_credentials(folder) -> None:
    root = folder({"environments/live.yaml": "endpoints: {shop: 'https://live.example'}\n"})
    default = load(root, variables={"ERP_URL": "http://erp:8069"})
    assert default.environment.name == "test"
    assert default.systems["erp"].endpoint == "http://erp:8069"
    assert default.systems["erp"].credentials == {"api_key": "env:ERP_KEY"}
    live = load(root, "live", variables={})
    assert live.systems["shop"].endpoint == "https://live.example"
    assert live.systems["erp"].endpoint == "https://erp.example"
    assert live.bundle_id == default.bundle_id


def test_a_variable_without_value_stops_the_start(folder) -> None:
    root = folder({"environments/test.yaml": ("${env:ERP_URL:-http://127.0.0.1:1}", "${env:ERP_URL}")})
    with pytest.raises(LandscapeInvalid, match="ERP_URL"):
        load(root, variables={})


def test_each_file_is_parsed_once(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(data: bytes, file: str) -> Any:
        parsed.append(file)
        return document.parse(data, file)

    monkeypatch.setattr(files, "parse", parse)
    assert load(folder(), variables={}).environment.name == "test"
    assert len(parsed) == len(set(parsed)) > 3


def test_an_unknown_environment_is_refused(folder) -> None:
    with pytest.raises(LandscapeInvalid, match="no environment 'tset'") as error:
        load(folder(), "tset", variables={})
    assert "Did you mean 'test'?" in str(error.value)


def test_defaults_fill_what_a_system_does_not_say(folder) -> None:
    root = folder(
        {
            "crossdock.yaml": (
                "  region: eu\n",
                "  region: eu\n  limits: {rate: 7, burst: 3, timeout: 5s}\n  breaker: {failures: 9}\n",
            )
        }
    )
    landscape = load(root, variables={})
    shop, outlet = landscape.systems["shop"].limits, landscape.systems["outlet"].limits
    assert shop.rate == Decimal("2.5")
    assert (shop.timeout, shop.max_body) == (timedelta(seconds=5), 512_000)
    assert outlet.rate_limit() == RateLimit(7.0, 3.0)
    assert landscape.systems["outlet"].breaker.policy().failures == 9
    assert landscape.systems["outlet"].region == "eu"


def test_every_finding_is_in_the_refusal(folder) -> None:
    root = folder({"systems/shop.yaml": ("owner: ops", "ownr: ops"), "flows/orders.yaml": ("erp: erp", "erp: epr")})
    with pytest.raises(LandscapeInvalid) as error:
        load(root, variables={})
    found = {(each["file"], each["line"], each["code"]) for each in error.value.detail["findings"]}
    assert {("systems/shop.yaml", 3, "unknown-key"), ("flows/orders.yaml", 4, "dangling-system")} <= found
    assert "and 1 more" in str(error.value)


def test_what_only_a_review_minds_does_not_stop_a_start(folder) -> None:
    assert load(folder({"flows/orders.yaml": ("exception_owner: ops\n", "")}), variables={}).context("orders").owner == ""


@pytest.mark.parametrize("path", ["nowhere", "empty", "file"])
def test_a_path_that_is_no_landscape_says_so(tmp_path, path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(LandscapeInvalid, match=path):
        load(tmp_path / path)


def test_budgets_and_expectations_are_the_cores(folder) -> None:
    landscape = load(folder(), variables={})
    assert landscape.budget("orders") == RetryBudget(attempts=5, within=timedelta(hours=4), working="depot")
    assert landscape.budget("orders", "release") == RetryBudget(cutoff="depot/dhl", margin=600.0)
    assert landscape.budget("orders", "unheard-of") == landscape.budget("orders", "default")
    assert landscape.budget("stock").attempts == 12
    context = landscape.context("orders")
    assert context is landscape.context("orders")
    assert context.slas["confirmed"].owner == "it"
    assert context.slas["dispatched"].owner == "ops"
    assert context.settings["speed"] == 3


def test_calendars_are_business_clocks(folder) -> None:
    depot = load(folder(), variables={}).calendars["depot"]
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert depot.is_open(monday)
    assert not depot.is_open(datetime(2026, 12, 25, 12, tzinfo=UTC))
    assert depot.is_open(datetime(2026, 11, 29, 0, 30, tzinfo=UTC))
    assert depot.next_cutoff("dhl", monday) == datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def test_ownership_is_what_the_core_enforces(folder) -> None:
    landscape = load(folder(), variables={})
    ownership = compile_ownership(landscape.ownership, datetime(2026, 6, 1, tzinfo=UTC).date())
    assert ownership.may("order.placed", "shop") == {"originates"}
    assert ownership.may("order.changed", "shop") == {"originates"}, "the role shop:main is played by shop"
    assert not ownership.may("order.changed", "outlet")


def test_flows_take_events_of_their_systems(folder) -> None:
    landscape = load(folder({"flows/outlet.yaml": ("workflow: toy", "workflow: toy\nenabled: false")}), variables={})
    assert [flow.name for flow in landscape.flows_for("order.placed", "shop")] == ["orders"]
    assert [flow.name for flow in landscape.flows_for("order.changed", "erp")] == ["orders"], (
        "a role's system reports on what runs"
    )
    assert landscape.flows_for("order.placed", "outlet") == ()
    assert landscape.flows_for("order.cancelled", "shop") == ()


def test_the_bundle_is_its_content_not_its_layout(folder) -> None:
    first = load(folder(name="a"), variables={}).bundle_id
    relaid = {
        "systems/shop.yaml": ("kind: shopkit\n", "# a comment\n\nkind:    'shopkit'\n"),
        "environments/test.yaml": "title: Another\n",
    }
    assert load(folder(relaid, name="b"), variables={}).bundle_id == first
    assert load(folder({"systems/shop.yaml": ("page: 20", "page: 21")}, name="c"), variables={}).bundle_id != first
    assert load(folder({"mappings/acme.py": "x = 1\n"}, name="d"), variables={}).bundle_id != first


def test_the_demo_loads_whole() -> None:
    """Every file of a system, a flow or a partner is in it, and nothing else."""
    landscape = load(DEMO, variables={})
    for folder, loaded in (("systems", landscape.systems), ("flows", landscape.flows), ("partners", landscape.partners)):
        assert set(loaded) == {path.stem for path in (DEMO / folder).glob("*.yaml")}, folder
    assert landscape.systems
    assert landscape.flows


def test_loading_reads_a_file_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading is what takes long: whatever asks for a document gets what was read already."""
    texts: list[str] = []
    parse = yaml.parse

    def counted(text: str, *args: Any, **named: Any) -> Any:
        texts.append(text)
        return parse(text, *args, **named)

    monkeypatch.setattr(yaml, "parse", counted)
    load(DEMO, "demo", variables={})
    files = sorted(path.read_text(encoding="utf-8") for path in DEMO.rglob("*.yaml"))
    assert sorted(texts) == files


def test_the_draft_knows_where_everything_is(folder) -> None:
    draft = read(folder(), variables={})
    assert draft.document("systems", "shop").place(("limits", "burst")) == (9, 21)
