"""Several partners behind one mailbox: each interchange goes to the system of the partner whose envelope it is, one for nobody to a person."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from crossdock.connectors.edi.connector import EdiConnector
from crossdock.connectors.edi.mailbox import EdiMailbox
from tests.edi.messages import ORDER, x12
from tests.pipeline.conftest import Found

BOX = "kind: edi_mailbox\nowner: ops\noptions: {transports: {wire: {kind: loopback}}}\n"


@pytest.fixture
def files(files: dict[str, str]) -> dict[str, str]:
    acme = files["partners/acme.yaml"].replace("exchange:\n", "exchange:\n  mailbox: van\n")
    files["partners/acme.yaml"] = acme
    files["systems/van.yaml"] = BOX
    files["systems/beta.yaml"] = "kind: edi\nowner: ops\n"
    beta = (
        acme.replace("Acme Stores", "Beta Shops")
        .replace("systems: [acme]", "systems: [beta]")
        .replace("value: SENDER", "value: BETA")
    )
    files["partners/beta.yaml"] = beta.replace("4012345000009", "4012345000016")
    files["ownership.yaml"] = files["ownership.yaml"].replace("[acme, desk]", "[acme, beta, desk]")
    for flow in ("flows/edi.yaml", "flows/sales.yaml"):
        name = flow.replace(".yaml", "-beta.yaml")
        files[name] = files[flow].replace("sources: [acme]", "sources: [beta]").replace("partner: acme", "partner: beta")
    return files


@pytest.fixture
def boxed(gateway, monkeypatch: pytest.MonkeyPatch):
    """The starter of hubs, with mailboxes."""
    import crossdock.pipeline.hub as hub_module

    real = hub_module.Hub.__init__

    def init(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        kwargs["connectors"] = {**kwargs.get("connectors", {}), "edi_mailbox": Found(EdiMailbox), "edi": Found(EdiConnector)}
        real(self, *args, **kwargs)

    monkeypatch.setattr(hub_module.Hub, "__init__", init)
    return gateway


def of_beta(number: int = 1) -> bytes:
    return (
        x12([ORDER[0].replace("4711", f"900{number}"), *ORDER[1:]], number=number)
        .replace(b"SENDER   ", b"BETA     ")
        .replace(b"*SENDER*", b"*BETA*")
    )


async def test_each_partner_gets_its_own(boxed) -> None:
    async with boxed() as hub:
        assert (await hub.post(x12(ORDER) + of_beta() + of_beta(2), system="van"))[0] == 202
        await hub.until(lambda: len(hub.desk.documents("order.placed")) == 3)
        await hub.until(lambda: len(hub.wire.bodies("997")) == 3)
        rows = await hub.rows(
            "SELECT system, COUNT(*) FROM ledger_message WHERE topic='interchange' GROUP BY system ORDER BY system"
        )
        assert rows == [("acme", 1), ("beta", 2)]
        keys = await hub.rows("SELECT DISTINCT key FROM ledger_event WHERE type='order.placed' ORDER BY key")
        assert [each[0] for each in keys] == ["order/acme/PO-4711", "order/beta/PO-9001", "order/beta/PO-9002"]


async def test_one_for_nobody_stops_no_other_and_is_a_persons(boxed) -> None:
    stranger = x12(ORDER, number=7).replace(b"SENDER   ", b"NOBODY   ")
    async with boxed() as hub:
        await hub.post(stranger + x12(ORDER), system="van")
        await hub.until(lambda: hub.desk.documents("order.placed"))
        [problem] = await hub.problems()
        assert problem["code"] == "edi.nobodys" and "NOBODY" in problem["message"]
        await hub.post(b"good morning", system="van", x_id="words")
        assert [each["code"] for each in await hub.problems(2)] == ["edi.nobodys", "normalize.malformed"]


async def test_an_interchange_sent_again_by_the_mailbox_is_acknowledged_again(boxed) -> None:
    async with boxed() as hub:
        await hub.post(of_beta(), system="van", x_id="one")
        await hub.until(lambda: len(hub.wire.bodies("997")) == 1)
        await hub.post(of_beta(), system="van", x_id="two")
        await hub.until(lambda: len(hub.wire.bodies("997")) == 2)
        assert len(hub.desk.documents("order.placed")) == 1


async def test_a_partner_that_is_no_client_of_the_mailbox_gets_nothing_by_it(boxed, files) -> None:
    files["partners/acme.yaml"] = files["partners/acme.yaml"].replace("  mailbox: van\n", "")
    async with boxed() as hub:
        await hub.post(x12(ORDER), system="van")
        [problem] = await hub.problems()
        assert problem["code"] == "edi.nobodys"
        assert not hub.desk.taken


def test_a_mailbox_needs_a_way_to_be_emptied() -> None:
    with pytest.raises(ValidationError):
        EdiMailbox.Options.model_validate({"transports": {}})
