"""NAD groups to trading parties and back (NAD, RFF, CTA, COM); knows no message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crossdock.canonical.identifiers import gs1_valid
from crossdock.canonical.party import TradingParty
from crossdock.documents.drafts import Draft
from crossdock.documents.edifact.qualifiers import AGENCIES, SCHEME_AGENCIES
from crossdock.documents.nodes import Node
from crossdock.documents.reading import Reading, joined
from crossdock.documents.writing import Writing
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row

_CHANNELS: Final = {"TE": "phone", "EM": "email", "AL": "phone"}


def read_party(reading: Reading, node: Node) -> Draft:
    """A trading party out of a NAD group. What C082 names in the agreement's address book has that address where the message has none."""
    opener = node.opener
    code, agency = opener.value(2, 1), opener.value(2, 3)
    draft: Draft = {"name": joined(opener.value(4, place) for place in range(1, 6))}
    if code:
        scheme = AGENCIES.get(agency, f"edifact:{agency.lower() or 'nad'}")
        if scheme == "gln" and not gs1_valid("gln", code):
            scheme = "edifact:nad"
        draft["identifiers"] = [{"scheme": scheme, "value": code}]
    for segment in (*node.all("RFF"), *(group.opener for group in node.loops("RFF"))):
        if segment.value(1, 1) == "VA":
            draft["vat"] = segment.value(1, 2)
        elif segment.value(1, 1) in ("XA", "GN"):
            draft["registration"] = segment.value(1, 2)
    address = _address(reading, opener, draft)
    if address is None and code and (known := reading.options.locations.get(code)) is not None:
        address = known.model_dump()
    if address is not None:
        draft["address"] = address
    for contact in node.loops("CTA"):
        draft.setdefault("contact", contact.opener.value(2, 2) or contact.opener.value(2, 1))
        for channel in contact.all("COM"):
            if field := _CHANNELS.get(channel.value(1, 2)):
                draft.setdefault(field, channel.value(1, 1))
    return {name: value for name, value in draft.items() if value}


def _address(reading: Reading, segment: Segment, draft: Draft) -> Draft | None:
    streets = [street for street in (segment.value(5, place) for place in range(1, 5)) if street]
    city, region, postcode, country = segment.value(6), segment.value(7), segment.value(8), segment.value(9)
    if not streets and not city:
        lines = [line for line in (segment.value(3, place) for place in range(1, 6)) if line]
        if lines and not draft["name"]:
            draft["name"] = lines.pop(0)
        streets = lines
    if not (streets or city or postcode):
        return None
    country = country or reading.options.country or ""
    if not country:
        reading.wrong("the address names no country, and neither does the agreement", segment, 9)
        country = "ZZ"
    return {
        "street": streets[0] if streets else "",
        "street2": ", ".join(streets[1:]),
        "city": city,
        "region": region,
        "postal_code": postcode,
        "country": country,
    }


def read_parties(reading: Reading, node: Node, roles: Sequence[str]) -> Draft | None:
    """The party in the first of some roles that the message names."""
    found = node.loop_of("NAD", *roles)
    return read_party(reading, found) if found is not None else None


def write_party(writing: Writing, role: str, party: TradingParty, *, contacts: bool = True) -> list[Row]:
    """A NAD group with VAT number and contact."""
    code = _code(party)
    if not code[0] and not party.name and party.address is None:
        writing.wrong(f"the party {role} has neither a name nor a code", f"NAD+{role}")
        return []
    name = tuple(writing.chunks(party.name, 35)[:5])
    place: list[str | tuple[str, ...]] = []
    if party.address is not None:
        address = party.address
        streets = [*writing.chunks(address.street, 35), *writing.chunks(address.street2, 35)][:4]
        place = [
            tuple(streets),
            writing.text(address.city, 35),
            writing.text(address.region, 9),
            writing.text(address.postal_code, 9),
            address.country,
        ]
    rows: list[Row] = [("NAD", role, code, "", name, *place)]
    if party.vat:
        rows.append(("RFF", ("VA", party.vat)))
    if party.registration:
        rows.append(("RFF", ("XA", party.registration)))
    if contacts and (party.contact or party.phone or party.email):
        rows.append(("CTA", "IC", ("", writing.text(party.contact, 35))))
        rows += [("COM", (number, channel)) for number, channel in ((party.phone, "TE"), (party.email, "EM")) if number]
    return rows


def _code(party: TradingParty) -> tuple[str, str, str]:
    for scheme, agency in SCHEME_AGENCIES.items():
        if found := party.named(scheme):
            return found, "", agency
    own = next((each for each in party.identifiers if each.scheme.startswith("edifact:")), None)
    if own is not None:
        agency = own.scheme[8:]
        return own.value, "", agency.upper() if agency != "nad" else ""
    return "", "", ""
