"""The receipt a transport owes by itself (an AS2 MDN asked for asynchronously): told as an interchange without contents, sent as an acknowledgement."""

from __future__ import annotations

from crossdock.canonical.interchange import Interchange
from crossdock.connectors.carriage import Carriage
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.errors import LandscapeInvalid, PayloadMalformed
from crossdock.core.outcomes import Accepted
from crossdock.transports.protocol import Incoming

MDN = "MDN"
STANDARD = "as2"


def owed_receipt(message: StoredMessage, partner: str, transport: str) -> Interchange:
    """What is owed, for the workflow that decides acknowledgements. Raises `PayloadMalformed`."""
    try:
        facts = message.body.decode()
    except UnicodeDecodeError:
        raise PayloadMalformed("what is to be receipted cannot be read") from None
    return Interchange(
        standard=STANDARD,
        relation=f"{STANDARD}|{partner}",
        sender=partner,
        receiver="",
        received_at=message.received_at,
        size=len(message.body),
        owed=(MDN,),
        transport=transport,
        receipt=facts,
    )


async def send_receipt(interchange: Interchange, carriage: Carriage) -> Accepted:
    """Send it by the transport that owes it. Safe to repeat. Raises outcomes."""
    transport = carriage.by_name.get(interchange.transport)
    if transport is None:
        raise LandscapeInvalid(f"the transport {interchange.transport!r} of this receipt is not in the partner's file any more")
    sent = await transport.acknowledge(Incoming(interchange.receipt.encode(), "", purpose="receipt_owed"))
    return Accepted({"control": "", "reference": sent.reference})
