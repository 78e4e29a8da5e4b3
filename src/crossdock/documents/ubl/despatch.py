"""UBL DespatchAdvice (Peppol BIS Despatch Advice 3), to and from ship notices with packages, lots and serial numbers; knows no system."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from crossdock.canonical.despatch import DespatchAdvice, DespatchLine
from crossdock.canonical.events import Reference
from crossdock.canonical.identifiers import gs1_valid
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, Purpose, ReadContext, WriteContext, reads, writes
from crossdock.documents.ubl.building import Leaf, Part, Parts, day, document, moment, plain, quantity
from crossdock.documents.ubl.elements import Node, Reading, root_of
from crossdock.documents.ubl.items import read_item, write_item
from crossdock.documents.ubl.parties import (
    NAMED,
    PLACE,
    read_address,
    read_delivery_place,
    read_party,
    write_address,
    write_party,
)

PROFILE: Final = "urn:fdc:peppol.eu:poacc:bis:despatch_advice:3"
CUSTOMIZATION: Final = "urn:fdc:peppol.eu:poacc:trns:despatch_advice:3"
_PURPOSES: Final = {
    "5": "replacement",
    "Replace": "replacement",
    "Revised": "replacement",
    "1": "cancellation",
    "Cancelled": "cancellation",
}
_STATUS: Final = {"original": "", "replacement": "5", "cancellation": "1"}
_WAYS: Final[dict[str, Purpose]] = {"original": "original", "replacement": "replace", "cancellation": "cancel"}
_KILOGRAMS: Final = {"KGM": Decimal(1), "GRM": Decimal("0.001"), "TNE": Decimal(1000), "LBR": Decimal("0.45359237")}
_WEIGHT, _VOLUME = "AAB", "AAW"
"""Measured attributes of UNTDID 6313: AAB gross weight of the unit, AAW gross volume."""


@reads("ubl", "DespatchAdvice")
def read_despatch(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A ship notice as one `ship_notice.received` per purchase order in it.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing` with everything that is wrong, each with its path.
    """
    reading = Reading(context, codes)
    root = Node(root_of(data), reading)
    reading.anchors[()] = root
    head = root.text("cac:OrderReference/cbc:ID")
    nodes = root.all("cac:DespatchLine")
    units = _units(root, nodes)
    lines = [_line(node, head, units) for node in nodes]
    draft = _head(root)
    orders = list(dict.fromkeys(line["order_number"] for line in lines)) or [head]
    if not all(orders):
        reading.wrong("the order is not named (cac:OrderReference/cbc:ID)", root, "order_number")
    made: list[Mapped] = []
    for order in orders:
        own = [at for at, line in enumerate(lines) if line["order_number"] == order]
        reading.anchors |= {("lines", place): nodes[at] for place, at in enumerate(own)}
        mine = [lines[at] for at in own]
        whole = {
            **draft,
            "order_number": order or "?",
            "lines": mine,
            "units": _of(units, mine) if len(orders) > 1 else list(units.values()),
        }
        notice = reading.finish(DespatchAdvice, whole)
        made.append(
            Mapped(
                "ship_notice.received",
                notice,
                references=(Reference("purchase:order", notice.order_number),),
                number=notice.number,
                purpose=_WAYS[notice.purpose],
                occurred_at=notice.issued_at,
            )
        )
    return made


def _head(root: Node) -> Draft:
    shipment = root.first("cac:Shipment")
    delivery = shipment.first("cac:Delivery") if shipment is not None else None
    stage = shipment.first("cac:ShipmentStage") if shipment is not None else None
    consignment = shipment.first("cac:Consignment") if shipment is not None else None
    draft: Draft = {
        "number": root.text("cbc:ID"),
        "purpose": _PURPOSES.get(root.text("cbc:DocumentStatusCode"), "original"),
        "issued_at": root.moment("cbc:IssueDate", "cbc:IssueTime") or root.reading.context.moment,
        "supplier": read_party(
            root.first("cac:SellerSupplierParty/cac:Party") or root.first("cac:DespatchSupplierParty/cac:Party")
        ),
        "buyer": read_party(root.first("cac:BuyerCustomerParty/cac:Party") or root.first("cac:DeliveryCustomerParty/cac:Party")),
        "ship_from": read_party(root.first("cac:DespatchSupplierParty/cac:Party")),
        "ship_to": _ship_to(root, delivery),
        "supplier_order_number": root.text("cac:OrderReference/cbc:SalesOrderID"),
        "note": root.texts("cbc:Note"),
    }
    if shipment is not None:
        draft["gross_weight_kg"] = _kilograms(shipment, "cbc:GrossWeightMeasure")
    if consignment is not None:
        waybill = consignment.text("cbc:ID")
        draft["waybill"] = "" if waybill == "NA" else waybill
    for where in filter(None, (consignment, delivery, stage)):
        carrier = where.first("cac:CarrierParty")
        if carrier is not None:
            draft["carrier"] = root.reading.code("carriers", carrier.text("cac:PartyIdentification/cbc:ID"), carrier)
            draft["carrier_name"] = carrier.text("cac:PartyName/cbc:Name") or carrier.text(
                "cac:PartyLegalEntity/cbc:RegistrationName"
            )
            break
    if stage is not None:
        draft["vehicle"] = stage.text("cac:TransportMeans/cac:RoadTransport/cbc:LicensePlateID")
    if delivery is not None:
        draft["tracking_number"] = delivery.text("cbc:TrackingID")
        draft["expected_at"] = delivery.moment(
            "cac:EstimatedDeliveryPeriod/cbc:StartDate", "cac:EstimatedDeliveryPeriod/cbc:StartTime"
        ) or delivery.moment("cac:EstimatedDeliveryPeriod/cbc:EndDate", "cac:EstimatedDeliveryPeriod/cbc:EndTime")
        draft["shipped_at"] = delivery.moment("cac:Despatch/cbc:ActualDespatchDate", "cac:Despatch/cbc:ActualDespatchTime")
        from_address = read_address(delivery.first("cac:Despatch/cac:DespatchAddress"))
        if from_address is not None and draft["ship_from"] is not None:
            draft["ship_from"] = {**draft["ship_from"], "address": from_address}
    return draft


def _ship_to(root: Node, delivery: Node | None) -> Draft | None:
    """Where it goes: the place of the delivery with the contact of the party it is delivered to, else that party."""
    customer = read_party(root.first("cac:DeliveryCustomerParty/cac:Party"))
    place = read_delivery_place(delivery)
    if place is None or customer is None:
        return place or customer
    return {**place, **{name: place.get(name) or customer.get(name) or "" for name in ("name", "contact", "phone", "email")}}


def _kilograms(node: Node, path: str) -> Decimal | None:
    value, found = node.decimal(path), node.first(path)
    if value is None or found is None:
        return None
    factor = _KILOGRAMS.get(found.attribute("unitCode") or "KGM")
    return None if factor is None else value * factor  # a weight in pieces is not worth refusing the notice for


def _units(root: Node, lines: list[Node]) -> dict[str, Draft]:
    units: dict[str, Draft] = {}
    for place in (root, *lines):
        for node in place.all("cac:Shipment/cac:TransportHandlingUnit"):
            _unit(node, "", units, "cbc:TransportHandlingUnitTypeCode", ("cac:Package", "cac:ActualPackage"))
    return units


def _unit(node: Node, inside: str, units: dict[str, Draft], kind: str, parts: tuple[str, ...]) -> None:
    reference = node.text("cbc:ID")[:64]
    if reference:
        known = units.get(reference, {})
        draft: Draft = {
            "reference": reference,
            "sscc": reference if gs1_valid("sscc", reference) else "",
            "inside": inside if inside != reference else "",
            "kind": node.text(kind),
            "tracking_number": node.text("cbc:TraceID"),
            "weight_kg": _measured(node, _WEIGHT, kilograms=True),
            "volume_m3": _measured(node, _VOLUME, kilograms=False),
        }
        # a line names the unit it is in once more, often with less: what was said first stays
        units[reference] = {key: known.get(key) or value for key, value in draft.items()}
    for part in parts:
        for each in node.all(part):
            _unit(each, reference or inside, units, "cbc:PackagingTypeCode", ("cac:ContainedPackage",))


def _measured(node: Node, attribute: str, *, kilograms: bool) -> Decimal | None:
    for each in node.all("cac:MeasurementDimension"):
        if each.text("cbc:AttributeID") == attribute:
            return _kilograms(each, "cbc:Measure") if kilograms else each.decimal("cbc:Measure")
    return None


def _of(units: dict[str, Draft], lines: list[Draft]) -> list[Draft]:
    """The units that hold these lines, and the units those stand on."""
    wanted: set[str] = set()
    for line in lines:
        at = line["package"]
        while at and at not in wanted:
            wanted.add(at)
            at = units[at]["inside"] if at in units else ""
    return [unit for reference, unit in units.items() if reference in wanted]


def _line(node: Node, order: str, units: dict[str, Draft]) -> Draft:
    lot = node.first("cac:Item/cac:ItemInstance")
    lot_number = node.text("cac:Item/cac:ItemInstance/cac:LotIdentification/cbc:LotNumberID")
    packed = _innermost(node, units)
    sent = node.quantity("cbc:DeliveredQuantity")
    if sent is None:
        node.reading.wrong("the quantity sent is missing (cbc:DeliveredQuantity)", node, "lines.quantity")
    country = node.text("cac:Item/cac:OriginCountry/cbc:IdentificationCode").upper()
    return {
        **read_item(node.first("cac:Item")),
        "number": node.text("cbc:ID"),
        "order_number": node.text("cac:OrderLineReference/cac:OrderReference/cbc:ID") or order,
        "order_line": _not_na(node.text("cac:OrderLineReference/cbc:LineID")),
        "quantity": sent or {"value": Decimal(0)},
        "outstanding": node.quantity("cbc:OutstandingQuantity"),
        "lot": lot_number,
        "expiry": lot.day("cac:LotIdentification/cbc:ExpiryDate") if lot is not None else None,
        "best_before": lot.day("cbc:BestBeforeDate") if lot is not None else None,
        "produced": lot.day("cbc:ManufactureDate") if lot is not None else None,
        "serials": [each.content for each in node.all("cac:Item/cac:ItemInstance/cbc:SerialID") if each.content],
        "package": packed,
        "origin_country": country or None,
        "note": node.texts("cbc:Note"),
    }


def _innermost(line: Node, units: dict[str, Draft]) -> str:
    """The innermost unit a line is in: of a pallet with a carton on it, the carton."""
    at = line.first("cac:Shipment/cac:TransportHandlingUnit")
    found = ""
    while at is not None:
        reference = at.text("cbc:ID")[:64]
        found = reference if reference in units else found
        at = at.first("cac:Package") or at.first("cac:ActualPackage") or at.first("cac:ContainedPackage")
    return found


def _not_na(text: str) -> str:
    return "" if text == "NA" else text


@writes("ubl", "DespatchAdvice")
def write_despatch(notice: DespatchAdvice, context: WriteContext, codes: Codes) -> bytes:
    """A ship notice as DespatchAdvice."""
    zone = context.options.zone
    supplier = notice.supplier or notice.ship_from
    parts: Parts = [
        ("cbc:CustomizationID", CUSTOMIZATION),
        ("cbc:ProfileID", PROFILE),
        ("cbc:ID", notice.number),
        *moment(notice.issued_at, zone, "cbc:IssueDate", "cbc:IssueTime"),
        ("cbc:DocumentStatusCode", _STATUS[notice.purpose]),
        ("cbc:Note", notice.note),
        ("cac:OrderReference", [("cbc:ID", notice.order_number), ("cbc:SalesOrderID", notice.supplier_order_number)]),
        ("cac:DespatchSupplierParty", [("cac:Party", write_party(notice.ship_from or supplier, context.parties.ours, 1, PLACE))]),
        (
            "cac:DeliveryCustomerParty",
            [("cac:Party", write_party(notice.ship_to or notice.buyer, context.parties.theirs, 1, PLACE))],
        ),
        ("cac:BuyerCustomerParty", [("cac:Party", write_party(notice.buyer, context.parties.theirs, 1, NAMED))]),
        ("cac:SellerSupplierParty", [("cac:Party", write_party(supplier, context.parties.ours, 1, NAMED))]),
        ("cac:Shipment", _shipment(notice, zone)),
    ]
    parts += [("cac:DespatchLine", _write_line(line, notice)) for line in notice.lines]
    return document("DespatchAdvice", parts)


def _shipment(notice: DespatchAdvice, zone: str) -> Parts:
    weight = notice.gross_weight_kg
    delivery: Parts = [
        ("cbc:TrackingID", notice.tracking_number),
        ("cac:EstimatedDeliveryPeriod", moment(notice.expected_at, zone, "cbc:StartDate", "cbc:StartTime")),
        (
            "cac:Despatch",
            [
                *moment(notice.shipped_at, zone, "cbc:ActualDespatchDate", "cbc:ActualDespatchTime"),
                ("cac:DespatchAddress", write_address(notice.ship_from.address if notice.ship_from is not None else None)),
            ],
        ),
    ]
    carrier: Parts = [
        ("cac:PartyIdentification", [("cbc:ID", notice.carrier)]),
        ("cac:PartyName", [("cbc:Name", notice.carrier_name)]),
    ]
    consignment: Parts = []
    if notice.waybill or notice.carrier or notice.carrier_name:
        consignment = [("cbc:ID", notice.waybill or "NA"), ("cac:CarrierParty", carrier)]
    used = {each for line in notice.lines for each in _chain(line.package, notice)}
    idle = [unit for unit in notice.units if unit.reference not in used]
    return [
        ("cbc:ID", notice.waybill or notice.number),
        ("cbc:GrossWeightMeasure", None if weight is None else Leaf(plain(weight), {"unitCode": "KGM"})),
        ("cac:Consignment", consignment),
        (
            "cac:ShipmentStage",
            [("cac:TransportMeans", [("cac:RoadTransport", [("cbc:LicensePlateID", notice.vehicle)])])],
        ),
        ("cac:Delivery", delivery),
        *(("cac:TransportHandlingUnit", _write_unit([*_chain(unit.reference, notice)], notice)) for unit in idle),
    ]


def _chain(reference: str, notice: DespatchAdvice) -> list[str]:
    """A unit and what it stands on, outermost first; a circle ends where it begins."""
    by = {each.reference: each for each in notice.units}
    found: list[str] = []
    while reference in by and reference not in found:
        found.append(reference)
        reference = by[reference].inside
    return found[::-1]


def _write_unit(chain: list[str], notice: DespatchAdvice, level: int = 0) -> Parts:
    """Units that stand on each other, outermost first: BIS tells them with every line that is in them."""
    unit = next(each for each in notice.units if each.reference == chain[0])
    kind = "cbc:PackagingTypeCode" if level else "cbc:TransportHandlingUnitTypeCode"
    inner = "cac:ContainedPackage" if level else "cac:Package"
    measures = [_dimension(_WEIGHT, unit.weight_kg, "KGM"), _dimension(_VOLUME, unit.volume_m3, "MTQ")]
    within: Parts = [(inner, _write_unit(chain[1:], notice, level + 1))] if len(chain) > 1 else []
    head: Parts = [("cbc:ID", unit.sscc or unit.reference), (kind, unit.kind), ("cbc:TraceID", unit.tracking_number)]
    return [*head, *within, *measures] if level else [*head, *measures, *within]


def _dimension(attribute: str, value: Decimal | None, unit: str) -> Part:
    if value is None:
        return ("cac:MeasurementDimension", None)
    return ("cac:MeasurementDimension", [("cbc:AttributeID", attribute), ("cbc:Measure", Leaf(plain(value), {"unitCode": unit}))])


def _write_line(line: DespatchLine, notice: DespatchAdvice) -> Parts:
    order = line.order_number or notice.order_number
    reference: Parts = [("cbc:LineID", line.order_line or "NA")]
    if order:
        reference.append(("cac:OrderReference", [("cbc:ID", order)]))
    lot: Parts = [("cac:LotIdentification", [("cbc:LotNumberID", line.lot), ("cbc:ExpiryDate", day(line.expiry))])]
    dates: Parts = [("cbc:ManufactureDate", day(line.produced)), ("cbc:BestBeforeDate", day(line.best_before))]
    instances: Parts = [("cac:ItemInstance", [*dates, ("cbc:SerialID", serial), *lot]) for serial in (line.serials or ("",))]
    shipment: Parts = []
    if line.package:
        shipment = [("cbc:ID", "NA"), ("cac:TransportHandlingUnit", _write_unit(_chain(line.package, notice), notice))]
    return [
        ("cbc:ID", line.number),
        ("cbc:Note", line.note),
        ("cbc:DeliveredQuantity", quantity(line.quantity)),
        ("cbc:OutstandingQuantity", quantity(line.outstanding)),
        ("cac:OrderLineReference", reference),
        ("cac:Item", write_item(line, *instances)),
        ("cac:Shipment", shipment),
    ]
