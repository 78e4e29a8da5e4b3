"""Parties, addresses and allowances of UBL documents, to and from canonical objects; knows no document type."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import Address, TradingParty
from crossdock.canonical.purchase_order import AllowanceCharge
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Party
from crossdock.documents.ubl.building import Leaf, Parts, amount, number
from crossdock.documents.ubl.elements import SCHEMES, Node, identifier

_NAMES: Final = "cac:PartyName/cbc:Name"


def read_party(node: Node | None) -> Draft | None:
    """`cac:Party` as the draft of a `TradingParty`; None when there is none."""
    if node is None:
        return None
    legal = node.first("cac:PartyLegalEntity")
    contact = node.first("cac:Contact")
    name = (legal.text("cbc:RegistrationName") if legal is not None else "") or node.text(_NAMES)
    found = [each for part in node.all("cac:PartyIdentification/cbc:ID") if (each := identifier(part, "ubl:party")) is not None]
    draft: Draft = {
        "name": name or (contact.text("cbc:Name") if contact is not None else ""),
        "identifiers": found,
        "endpoint": node.identifier("cbc:EndpointID", "ubl:endpoint"),
        "vat": _vat(node),
        "registration": legal.text("cbc:CompanyID") if legal is not None else "",
    }
    if contact is not None:
        draft |= {
            "contact": contact.text("cbc:Name"),
            "phone": contact.text("cbc:Telephone"),
            "email": contact.text("cbc:ElectronicMail"),
        }
    draft["address"] = read_address(node.first("cac:PostalAddress"))
    return {key: value[:512] if isinstance(value, str) else value for key, value in draft.items()}


def _vat(node: Node) -> str:
    for scheme in node.all("cac:PartyTaxScheme"):
        if scheme.text("cac:TaxScheme/cbc:ID") in ("VAT", "GST", ""):
            return scheme.text("cbc:CompanyID")
    return ""


def read_address(node: Node | None, name: str = "") -> Draft | None:
    """`cac:PostalAddress` or `cac:Address` as the draft of an `Address`; without a country only when the agreement gives one."""
    if node is None:
        return None
    country = node.text("cac:Country/cbc:IdentificationCode").upper() or (node.reading.options.country or "")
    if not country:
        return None
    street = " ".join(filter(None, (node.text("cbc:StreetName"), node.text("cbc:BuildingNumber"))))
    return {
        "name": name[:512],
        "street": street[:512],
        "street2": node.text("cbc:AdditionalStreetName")[:512],
        "city": node.text("cbc:CityName")[:512],
        "postal_code": node.text("cbc:PostalZone")[:512],
        "region": (node.text("cbc:CountrySubentityCode") or node.text("cbc:CountrySubentity"))[:512],
        "country": country,
    }


def read_delivery_place(node: Node | None) -> Draft | None:
    """Where goods go: `cac:DeliveryLocation` and `cac:DeliveryParty` of a `cac:Delivery`, as the draft of a `TradingParty`."""
    if node is None:
        return None
    place = node.first("cac:DeliveryLocation")
    draft = read_party(node.first("cac:DeliveryParty")) or {}
    if place is not None:
        number = place.identifier("cbc:ID", "ubl:location")
        draft["identifiers"] = [*([number] if number is not None else []), *draft.get("identifiers", [])]
        draft["name"] = place.text("cbc:Name")[:512] or draft.get("name", "")
        draft["address"] = read_address(place.first("cac:Address")) or draft.get("address")
    if draft.get("address") is None:
        draft["address"] = read_address(node.first("cac:DeliveryAddress"))
    return draft if any(draft.values()) else None


BRIEF: Final = frozenset({"cbc:EndpointID", "cac:PartyIdentification", "cac:PartyLegalEntity"})
"""What BIS allows of the parties of an order response: who they are, and nothing more."""
PLACE: Final = frozenset({*BRIEF, "cac:PostalAddress"})
NAMED: Final = frozenset({"cac:PartyIdentification", "cac:PartyName", "cac:PostalAddress"})
UNTAXED: Final = frozenset({*PLACE, "cac:PartyName", "cac:Contact"})


def write_party(
    party: TradingParty | None, side: Party | None = None, most: int | None = None, only: frozenset[str] | None = None
) -> Parts:
    """A `TradingParty` as `cac:Party` with at most `most` identifications; `side` supplies the electronic address the object lacks.

    `only` names the elements the document's profile allows; with a selection the registration number is told where addresses
    and names are.
    """
    if party is None:
        return []
    vat = party.vat or (side.vat if side is not None else "")
    parts: Parts = [("cbc:EndpointID", _endpoint(party, side))]
    parts += [("cac:PartyIdentification", [("cbc:ID", _id(each))]) for each in party.identifiers if _public(each)][:most]
    parts.append(("cac:PartyName", [("cbc:Name", party.name)]))
    parts.append(("cac:PostalAddress", write_address(party.address)))
    if vat:
        parts.append(("cac:PartyTaxScheme", [("cbc:CompanyID", vat), ("cac:TaxScheme", [("cbc:ID", "VAT")])]))
    registration = party.registration if only is None or "cac:PartyName" in only else ""
    parts.append(("cac:PartyLegalEntity", [("cbc:RegistrationName", party.name), ("cbc:CompanyID", registration)]))
    parts.append(
        (
            "cac:Contact",
            [("cbc:Name", party.contact), ("cbc:Telephone", party.phone), ("cbc:ElectronicMail", party.email)],
        )
    )
    return [part for part in parts if only is None or part[0] in only]


def _endpoint(party: TradingParty, side: Party | None) -> Leaf | None:
    if party.endpoint is not None:
        return _id(party.endpoint, "ubl:endpoint")
    gln = party.named("gln") or (side.gln if side is not None else "")
    return Leaf(gln, {"schemeID": "0088"}) if gln else None


def _public(each: Identifier) -> bool:
    """Whether an identifier means something outside of this hub: one of an ISO 6523 scheme, or one that came without a scheme."""
    return each.scheme in SCHEMES or each.scheme == "ubl:party" or (len(each.scheme) == 4 and each.scheme.isdigit())


def _id(each: Identifier, default: str = "ubl:party") -> Leaf:
    return Leaf(each.value, {} if each.scheme == default else {"schemeID": SCHEMES.get(each.scheme, each.scheme)})


def write_address(address: Address | None) -> Parts:
    """An `Address` as `cac:PostalAddress` or `cac:Address`."""
    if address is None:
        return []
    return [
        ("cbc:StreetName", address.street),
        ("cbc:AdditionalStreetName", address.street2),
        ("cbc:CityName", address.city),
        ("cbc:PostalZone", address.postal_code),
        ("cbc:CountrySubentity", address.region),
        ("cac:Country", [("cbc:IdentificationCode", address.country)]),
    ]


def write_delivery_place(party: TradingParty | None, *, named: bool = True) -> Parts:
    """A `TradingParty` as `cac:DeliveryLocation`; `named` unless its name is told elsewhere."""
    if party is None:
        return []
    first = next((each for each in party.identifiers if _public(each) or each.scheme == "ubl:location"), None)
    place: Parts = [("cbc:ID", _id(first, "ubl:location") if first is not None else None)]
    place += [("cbc:Name", party.name if named else ""), ("cac:Address", write_address(party.address))]
    return [("cac:DeliveryLocation", place)]


def read_allowances(node: Node, currency: str) -> list[Draft]:
    """`cac:AllowanceCharge` under an element, as drafts of `AllowanceCharge`; an allowance below zero is a charge, and the other way round."""
    return [_allowance(each, currency) for each in node.all("cac:AllowanceCharge")]


def _allowance(node: Node, currency: str) -> Draft:
    charge = node.text("cbc:ChargeIndicator").lower() in ("true", "1")
    amount_of, base = node.money("cbc:Amount", currency), node.money("cbc:BaseAmount", currency)
    if amount_of is not None and amount_of["amount"] < 0:
        charge, amount_of = not charge, {**amount_of, "amount": -amount_of["amount"]}
        base = None if base is None else {**base, "amount": abs(base["amount"])}
    return {
        "charge": charge,
        "amount": amount_of,
        "reason": node.texts("cbc:AllowanceChargeReason", "; "),
        "code": node.text("cbc:AllowanceChargeReasonCode"),
        "percent": node.decimal("cbc:MultiplierFactorNumeric"),
        "base": base,
        "tax_category": node.text("cac:TaxCategory/cbc:ID"),
        "tax_percent": node.decimal("cac:TaxCategory/cbc:Percent"),
    }


def write_allowances(allowances: tuple[AllowanceCharge, ...]) -> Parts:
    """Allowances and charges as `cac:AllowanceCharge`."""
    return [
        (
            "cac:AllowanceCharge",
            [
                ("cbc:ChargeIndicator", "true" if each.charge else "false"),
                ("cbc:AllowanceChargeReasonCode", each.code),
                ("cbc:AllowanceChargeReason", each.reason),
                ("cbc:MultiplierFactorNumeric", number(each.percent)),
                ("cbc:Amount", amount(each.amount)),
                ("cbc:BaseAmount", amount(each.base)),
                ("cac:TaxCategory", tax_category(each.tax_category, each.tax_percent)),
            ],
        )
        for each in allowances
    ]


def tax_category(category: str, percent: object) -> Parts:
    """`cac:TaxCategory`, empty without a category."""
    if not category:
        return []
    return [("cbc:ID", category), ("cbc:Percent", number(percent)), ("cac:TaxScheme", [("cbc:ID", "VAT")])]  # type: ignore[arg-type]
