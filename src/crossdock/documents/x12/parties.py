"""N1 loops to trading parties and back (X12 N1, N2, N3, N4, PER); knows no document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crossdock.canonical.identifiers import gs1_valid
from crossdock.canonical.party import Address, TradingParty
from crossdock.documents.drafts import Draft
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading
from crossdock.documents.writing import Writing
from crossdock.documents.x12.qualifiers import PARTY_SCHEMES, SCHEME_QUALIFIERS
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row

_US_STATES: Final = frozenset(
    [
        "AL",
        "AK",
        "AZ",
        "AR",
        "CA",
        "CO",
        "CT",
        "DE",
        "FL",
        "GA",
        "HI",
        "ID",
        "IL",
        "IN",
        "IA",
        "KS",
        "KY",
        "LA",
        "ME",
        "MD",
        "MA",
        "MI",
        "MN",
        "MS",
        "MO",
        "MT",
        "NE",
        "NV",
        "NH",
        "NJ",
        "NM",
        "NY",
        "NC",
        "ND",
        "OH",
        "OK",
        "OR",
        "PA",
        "RI",
        "SC",
        "SD",
        "TN",
        "TX",
        "UT",
        "VT",
        "VA",
        "WA",
        "WV",
        "WI",
        "WY",
        "DC",
        "PR",
        "VI",
        "GU",
        "AS",
        "MP",
        "AA",
        "AE",
        "AP",
    ]
)
_CANADIAN_PROVINCES: Final = frozenset(["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"])
_ALPHA3: Final = {"USA": "US", "CAN": "CA", "MEX": "MX", "DEU": "DE", "GBR": "GB", "FRA": "FR", "CHN": "CN"}
_CONTACT: Final = {"TE": "phone", "EM": "email"}


def read_party(reading: Reading, node: Node) -> Draft:
    """A trading party out of an N1 loop. What N104 names in the agreement's address book has that address where the document has none."""
    opener = node.opener
    draft: Draft = {"name": at(opener, 2)}
    qualifier, code = at(opener, 3), at(opener, 4)
    if code:
        scheme = PARTY_SCHEMES.get(qualifier, f"x12:{qualifier.lower() or 'id'}")
        if scheme == "gln" and not gs1_valid("gln", code):
            scheme = f"x12:{qualifier.lower()}"
        draft["identifiers"] = [{"scheme": scheme, "value": code}]
    if reference := node.first("REF", "VX", "TJ"):
        draft["vat"] = at(reference, 2)
    address = _address(reading, node)
    if address is None and code:
        known = reading.options.locations.get(code)
        address = known.model_dump() if known is not None else None
    if address is not None:
        draft["address"] = address
    for contact in node.all("PER"):
        read_contact(contact, draft)
    return draft


def read_contact(segment: Segment, draft: Draft) -> None:
    """Name, phone and mail of a PER segment into a party, unless it has them."""
    if name := at(segment, 2):
        draft.setdefault("contact", name)
    for number in (3, 5, 7):
        field = _CONTACT.get(at(segment, number))
        if field and (value := at(segment, number + 1)):
            draft.setdefault(field, value)


def _address(reading: Reading, node: Node) -> Draft | None:
    streets, place = node.all("N3"), node.first("N4")
    if not streets and place is None:
        return None
    lines = [line for street in streets for line in (at(street, 1), at(street, 2)) if line]
    draft: Draft = {"street": lines[0] if lines else "", "street2": ", ".join(lines[1:])}
    if extra := node.first("N2"):
        draft["company"] = at(extra, 1)
    if place is not None:
        region = at(place, 2)
        draft |= {"city": at(place, 1), "region": region, "postal_code": at(place, 3)}
        default = reading.options.country
        country = at(place, 4) or (_domestic(region) if default in (None, "US", "CA") else "") or default
        if country:
            draft["country"] = _ALPHA3.get(country, country)
        else:
            reading.wrong("the address names no country, and neither does the agreement", place, 4)
            draft["country"] = "ZZ"
    elif reading.options.country:
        draft["country"] = reading.options.country
    else:
        reading.wrong("the address has no city, postal code and country (N4 is missing)", streets[0])
        draft["country"] = "ZZ"
    return draft


def _domestic(region: str) -> str:
    """The country whose state or province a code is: N404 is left out for domestic addresses (United States and Canada)."""
    if region in _US_STATES:
        return "US"
    return "CA" if region in _CANADIAN_PROVINCES else ""


def write_party(writing: Writing, role: str, party: TradingParty) -> list[Row]:
    """An N1 loop. Of several identifiers one fits: the partner's own code (`x12:92`), else GLN, else DUNS."""
    qualifier, code = _identifier(party)
    if not party.name and not code:
        if party.address is None:
            writing.wrong(f"the party {role} has neither a name nor a code", f"N1*{role}")
            return []
        name = party.address.name or party.address.company or party.contact
    else:
        name = party.name
    rows: list[Row] = [("N1", role, writing.text(name, 60), qualifier, code)]
    if party.address is not None:
        rows += write_address(writing, party.address)
    if party.contact or party.phone or party.email:
        numbers = [part for pair in (("TE", party.phone), ("EM", party.email)) if pair[1] for part in pair]
        rows.append(("PER", "IC", writing.text(party.contact, 60), *numbers))
    return rows


def write_address(writing: Writing, address: Address) -> list[Row]:
    """N2, N3 and N4 of an address."""
    rows: list[Row] = []
    if address.company:
        rows.append(("N2", writing.text(address.company, 60)))
    streets = [*writing.chunks(address.street, 55), *writing.chunks(address.street2, 55)]
    rows += [("N3", *streets[n : n + 2]) for n in range(0, min(len(streets), 4), 2)]
    region = address.region.rpartition("-")[2]
    region = region if len(region) == 2 else ""  # N402 holds codes of two letters only; others have no place in X12
    rows.append(("N4", writing.text(address.city, 30), region, writing.text(address.postal_code, 15), address.country))
    return rows


def _identifier(party: TradingParty) -> tuple[str, str]:
    own = next((each for each in party.identifiers if each.scheme.startswith("x12:") and len(each.scheme) <= 6), None)
    if own is not None:
        return own.scheme[4:].upper(), own.value
    for scheme, qualifier in SCHEME_QUALIFIERS.items():
        if found := party.named(scheme):
            return qualifier, found
    return "", ""


def read_parties(reading: Reading, node: Node, roles: Sequence[str]) -> Draft | None:
    """The party in the first of some roles that the document names."""
    found = node.loop_of("N1", *roles)
    return read_party(reading, found) if found is not None else None
