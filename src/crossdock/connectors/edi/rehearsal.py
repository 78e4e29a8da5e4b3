"""The connector's work without wire and ledger, for certification and previews: what would be made of bytes, what would leave for a command."""

from __future__ import annotations

from datetime import datetime

from crossdock.canonical.interchange import Interchange
from crossdock.connectors.edi import arriving
from crossdock.connectors.edi.acknowledging import acknowledgement
from crossdock.connectors.edi.connector import EdiConnector
from crossdock.connectors.edi.writing import Letter, asked_for, write_acknowledgement, write_document
from crossdock.connectors.protocol import Given, Inbound
from crossdock.core.commands import Command
from crossdock.core.errors import AgreementMissing


def taken(connector: EdiConnector, body: bytes, file_name: str = "") -> Inbound:
    """The message that bytes become when a transport brings them."""
    headers = {"identity": file_name or "rehearsal", "file-name": file_name}
    return arriving.taken(body, "application/octet-stream", headers, connector.terms)


def written_answer(connector: EdiConnector, interchange: Interchange, kind: str) -> str:
    """The acknowledgement that would go back, one segment a line. Raises `DocumentUnwritable`."""
    version = interchange.version if interchange.version.isdecimal() and len(interchange.version) == 5 else ""
    given = Given(1, interchange.received_at)
    return _lines(
        write_acknowledgement(acknowledgement(interchange, kind), kind, interchange.standard, version, connector.terms, given),
        connector,
    )


def letter_for(connector: EdiConnector, command: Command, at: datetime) -> str:
    """The document that would leave for a command, one segment a line. Raises what sending it would raise."""
    agreement = connector.terms.outgoing(command.name)
    if agreement is None:
        raise AgreementMissing(f"there is no agreement by which {command.name} is sent", command=command.name)
    asked = asked_for(command, at)
    context = connector.context
    return _lines(
        write_document(asked, agreement, connector.terms, context.value_maps, Given(1, at), context.system, at), connector
    )


def _lines(letter: Letter, connector: EdiConnector) -> str:
    text = letter.body.decode("utf-8" if letter.standard not in ("x12", "edifact") else "latin-1", "replace")
    if letter.standard not in ("x12", "edifact"):
        return text
    mark = connector.terms.delimiters[letter.standard].segment.decode("latin-1")
    return "\n".join(line.strip("\r\n") for line in text.split(mark) if line.strip())
