"""Files suppliers upload: read once before they are taken, so that their author hears at once what is wrong and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.canonical.base import Canonical
from crossdock.connectors.portal.mapping import Kind, as_stated, orders_of, read_file
from crossdock.core.errors import CrossdockError, PayloadMalformed
from crossdock.landscape.valuemaps import CodeTables
from crossdock.workbench.page import Request
from crossdock.workbench.place import place
from crossdock.workbench.portal.sending import Sent, send_file
from crossdock.workbench.portal.service import ACT, must, options_of, told_of

MAX_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where (`row 3, column D (quantity)`, `/Invoice[1]/cbc:ID[1]`) and what."""

    place: str
    message: str
    row: int = 0
    column: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file holds, or what is wrong with it."""

    documents: Sequence[Canonical] = ()
    problems: Sequence[Problem] = field(default_factory=tuple)
    words: str = ""


def read_upload(
    request: Request, system: str, kind: Kind, body: bytes, file_name: str, decimal: str = "", dates: str = ""
) -> Read:
    """Read a file of a supplier; orders that are not this supplier's are a problem like any other."""
    must(request, ACT, system)
    if len(body) > MAX_BYTES:
        return Read(words=str(PayloadMalformed(f"the file has {len(body)} bytes; at most {MAX_BYTES} are taken")))
    here = place()
    codes = CodeTables(here.landscape.value_maps)
    try:
        stated = as_stated(options_of(system), decimal, dates)
        mapped = read_file(kind, body, system, stated, codes, here.clock.now(), "upload", file_name)
    except CrossdockError as error:
        told = error.detail.get("problems") or error.detail.get("missing") or ()
        return Read(problems=[_problem(each) for each in told], words=error.message)
    documents = [each.data for each in mapped]
    foreign = sorted({order for document in documents for order in orders_of(document) if told_of(system, order) is None})
    faults = [Problem("", f"{order} is none of your purchase orders", value=order) for order in foreign]
    faults += [Problem("", "the invoice names no purchase order") for document in documents if not orders_of(document)]
    if not documents:
        faults.append(Problem("", "the file holds no document"))
    return Read(documents, faults, faults[0].message if faults else "")


def _problem(told: Any) -> Problem:
    message = told.get("message") or f"no entry for {told.get('value')!r} in the value map {told.get('map')!r}"
    return Problem(
        str(told.get("place", "")),
        str(message),
        int(told.get("row") or 0),
        str(told.get("column", "")),
        str(told.get("value", "")),
    )


def take(
    request: Request,
    system: str,
    kind: Kind,
    token: str,
    body: bytes,
    file_name: str,
    documents: Sequence[Canonical],
    decimal: str = "",
    dates: str = "",
) -> Sent:
    """Take a file that was read and found right."""
    stated = {"file-name": file_name[:150], "decimal": decimal, "dates": dates}
    return send_file(request, system, kind, token, body, content_type_of(body), stated, documents)


def content_type_of(body: bytes) -> str:
    """What the bytes are, whatever the browser called them."""
    if body.startswith(b"PK"):
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return "application/xml" if body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else "text/csv"
