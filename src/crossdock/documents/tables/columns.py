"""The columns of each template: name, other names they go by (English and German), what they hold, an example; reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from crossdock.documents.charges import plain_word

Kind = Literal["order", "order_response", "ship_notice", "invoice", "freight_invoice"]
Holds = Literal["text", "number", "date", "answer", "kind"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `needed`: the file must have it and no cell of it may be empty. `head`: it says the same in every row of a document."""

    name: str
    holds: Holds = "text"
    needed: bool = False
    head: bool = False
    also: tuple[str, ...] = ()
    example: str = ""
    says: str = ""


plain = plain_word

_ORDER: Final = Column(
    "order_number", needed=True, head=True, also=("purchase order", "po number", "po", "order", "order no", "Bestellnummer", "Bestellung", "Bestell-Nr."),
    example="P00012", says="Our purchase order's number.",
)  # fmt: skip
_LINE: Final = Column(
    "line", needed=True, also=("order line", "line number", "position", "pos", "Position", "Bestellposition", "Zeile"), example="1",
    says="The line of the purchase order.",
)  # fmt: skip
_SKU: Final = Column("sku", also=("our item", "buyer item", "item", "article", "Artikelnummer", "Artikel", "Kundenartikelnummer"), example="BOLT-M8", says="Our item number.")  # fmt: skip
_SUPPLIER_SKU: Final = Column("supplier_sku", also=("your item", "vendor item", "seller item", "Lieferantenartikelnummer"), example="100-M8", says="Your item number.")  # fmt: skip
_GTIN: Final = Column("gtin", also=("ean", "upc", "barcode"), example="4006381333931", says="The GTIN (EAN, UPC).")
_NAME: Final = Column(
    "name", also=("description", "item name", "Bezeichnung", "Artikelbezeichnung"), example="Bolt M8", says="The item's name."
)
_UNIT: Final = Column("unit", also=("uom", "unit of measure", "Einheit", "Mengeneinheit", "ME"), example="C62", says="UN/ECE Rec 20 code: C62 pieces, KGM kilograms. Empty: pieces.")  # fmt: skip
_CURRENCY: Final = Column("currency", head=True, also=("Währung",), example="EUR", says="ISO 4217 code.")
_NOTE: Final = Column("note", head=True, also=("remark", "comment", "Bemerkung", "Notiz"), says="Anything a person should read.")
_QUANTITY: Final = ("qty", "Menge", "Anzahl")

CHARGE_COLUMNS: Final = (
    "base",
    "fuel",
    "residential",
    "remote",
    "oversize",
    "handling",
    "insurance",
    "customs",
    "duty",
    "discount",
)
"""Kinds of charge that may have a column of their own in a freight invoice."""

COLUMNS: Final[Mapping[Kind, tuple[Column, ...]]] = {
    "order": (
        _ORDER,
        Column("revision", "number", head=True),
        Column("order_date", "date", head=True),
        Column("line"),
        _SKU,
        _SUPPLIER_SKU,
        _GTIN,
        _NAME,
        Column("quantity", "number"),
        _UNIT,
        Column("unit_price", "number"),
        Column("price_base", "number"),
        _CURRENCY,
        Column("delivery_date", "date"),
        Column("status"),
        Column("ship_to", head=True),
        Column("street", head=True),
        Column("postal_code", head=True),
        Column("city", head=True),
        Column("country", head=True),
        Column("line_note"),
        _NOTE,
    ),
    "order_response": (
        _ORDER,
        Column("response_number", head=True, also=("confirmation number", "order confirmation", "Auftragsbestätigung", "AB-Nummer"), example="AB-4711", says="Your number of this answer."),
        Column("supplier_order_number", head=True, also=("sales order", "your order", "Auftragsnummer"), example="S-1001", says="Your number of the order."),
        Column("response_date", "date", head=True, also=("date", "confirmed on", "Datum", "Bestätigungsdatum"), example="2026-05-04", says="When you answer. Empty: today."),
        _LINE,
        _SKU,
        _SUPPLIER_SKU,
        _GTIN,
        Column("answer", "answer", needed=True, also=("status", "response", "Antwort", "Status"), example="changed", says="accepted, changed, refused or backordered."),
        Column("quantity", "number", also=("confirmed quantity", *_QUANTITY, "bestätigte Menge"), example="80", says="What you will deliver, where it differs."),
        _UNIT,
        Column("unit_price", "number", also=("price", "Preis", "Einzelpreis"), example="0.12", says="Your price without tax, where it differs."),
        _CURRENCY,
        Column("delivery_date", "date", also=("confirmed date", "delivery", "Liefertermin", "Lieferdatum"), example="2026-05-20", says="When the goods are there, where it differs."),
        Column("reason", also=("Grund", "Begründung"), example="out of stock", says="Why it is changed or refused."),
        _NOTE,
    ),
    "ship_notice": (
        Column("notice_number", needed=True, head=True, also=("despatch number", "delivery note", "asn", "shipment number", "Lieferschein", "Lieferscheinnummer"), example="LS-2001", says="Your delivery note's number."),
        _ORDER,
        _LINE,
        _SKU,
        _SUPPLIER_SKU,
        _GTIN,
        _NAME,
        Column("quantity", "number", needed=True, also=("shipped quantity", *_QUANTITY, "gelieferte Menge"), example="80", says="What this row ships."),
        _UNIT,
        Column("lot", also=("batch", "lot number", "Charge", "Los"), example="L-77", says="Lot or batch."),
        Column("expiry", "date", also=("expiry date", "use by", "Verfallsdatum"), example="2027-05-01", says="The last day it may be used."),
        Column("best_before", "date", also=("best before date", "bbd", "MHD", "Mindesthaltbarkeit"), says="Best before."),
        Column("serials", also=("serial numbers", "serial", "Seriennummern", "Seriennummer"), example="S1 S2", says="Serial numbers, with blanks between them."),
        Column("package", also=("package number", "carton", "box", "Packstück", "Karton"), example="1", says="The package this row is in: any number of yours, or its SSCC."),
        Column("sscc", also=("nve", "sscc18"), example="340123450000000018", says="The package's SSCC."),
        Column("package_type", also=("Verpackung", "Packmittel"), example="CT", says="UN/ECE Rec 21 code: CT carton, PX pallet."),
        Column("pallet", also=("pallet sscc", "on pallet", "Palette"), says="The pallet it stands on: number or SSCC."),
        Column("weight_kg", "number", also=("weight", "gross weight", "Gewicht"), example="12.5", says="The package's weight in kilograms."),
        Column("shipped_on", "date", head=True, also=("ship date", "shipped", "Versanddatum"), example="2026-05-18", says="When it leaves."),
        Column("expected_on", "date", head=True, also=("arrival", "eta", "delivery date", "Liefertermin", "Ankunft"), example="2026-05-20", says="When it is there."),
        Column("carrier", head=True, also=("Spedition", "Frachtführer"), example="DHL", says="Who carries it."),
        Column("tracking_number", head=True, also=("tracking", "Sendungsnummer"), says="The carrier's number."),
        Column("waybill", head=True, also=("bill of lading", "Frachtbrief"), says="The waybill's number."),
        _NOTE,
    ),
    "invoice": (
        Column("invoice_number", needed=True, head=True, also=("invoice", "invoice no", "Rechnungsnummer", "Rechnung", "Rechnungs-Nr."), example="R-3001", says="Your invoice's number."),
        Column("kind", "kind", head=True, also=("type", "Art", "Belegart"), example="invoice", says="invoice or credit note. Empty: invoice."),
        Column("issue_date", "date", needed=True, head=True, also=("invoice date", "date", "Rechnungsdatum", "Datum"), example="2026-05-21", says="The invoice's date."),
        Column("due_date", "date", head=True, also=("due", "Fälligkeit", "Zahlungsziel"), example="2026-06-20", says="When it is due."),
        Column("preceding_number", head=True, also=("corrects invoice", "zu Rechnung"), says="A credit note: the invoice it corrects."),
        Column("order_number", head=False, also=_ORDER.also, example="P00012", says="Our purchase order's number."),
        Column("despatch_number", head=True, also=("delivery note", "Lieferschein", "Lieferscheinnummer"), example="LS-2001", says="Your delivery note's number."),
        Column("currency", needed=True, head=True, also=("Währung",), example="EUR", says="ISO 4217 code."),
        Column("line", needed=True, also=("line number", "position", "pos", "Zeile"), example="1", says="The invoice's own line."),
        Column("order_line", also=("order position", "Bestellposition"), example="1", says="The purchase order's line."),
        _SKU,
        _SUPPLIER_SKU,
        _GTIN,
        _NAME,
        Column("quantity", "number", needed=True, also=("invoiced quantity", *_QUANTITY), example="80", says="What is invoiced."),
        _UNIT,
        Column("unit_price", "number", needed=True, also=("price", "Preis", "Einzelpreis"), example="0.12", says="Price of one unit without tax."),
        Column("net_amount", "number", also=("line amount", "net", "Nettobetrag", "Betrag"), example="9.60", says="The line without tax. Empty: quantity times price."),
        Column("tax_percent", "number", also=("vat", "vat rate", "tax rate", "MwSt", "USt", "Steuersatz"), example="19", says="Tax rate in percent."),
        Column("tax_category", also=("tax code", "Steuerkennzeichen"), example="S", says="UNTDID 5305: S standard, Z zero, E exempt, AE reverse charge. Empty: S with a rate."),
        Column("tax_total", "number", head=True, also=("total tax", "total vat", "Steuerbetrag", "MwSt gesamt"), example="1.82", says="All tax of the invoice."),
        Column("total", "number", needed=True, head=True, also=("amount due", "payable", "gross total", "Gesamtbetrag", "Rechnungsbetrag", "Brutto"), example="11.42", says="What is to be paid, tax included."),
        Column("iban", head=True, also=("account",), says="Where it is to be paid."),
        _NOTE,
    ),
    "freight_invoice": (
        Column(
            "invoice_number",
            needed=True,
            head=True,
            also=("invoice", "invoice no", "Rechnungsnummer", "Rechnung"),
            example="F-2026-118",
            says="Your invoice's number.",
        ),
        Column(
            "kind",
            "kind",
            head=True,
            also=("document type", "Belegart"),
            example="invoice",
            says="invoice or credit note; empty: invoice.",
        ),
        Column("carrier", head=True, also=("carrier name", "Spediteur", "Frachtführer"), says="Empty: you."),
        Column("account", head=True, also=("account number", "customer number", "Kundennummer"), says="Our account with you."),
        Column(
            "issue_date",
            "date",
            needed=True,
            head=True,
            also=("invoice date", "date", "Rechnungsdatum", "Datum"),
            example="2026-03-31",
        ),
        Column("due_date", "date", head=True, also=("Fälligkeit", "Fälligkeitsdatum")),
        _CURRENCY,
        Column(
            "waybill",
            also=("air waybill", "awb", "bill of lading", "consignment", "Frachtbrief", "Frachtbriefnummer"),
            example="W-77123",
            says="What the charge is for: this, a tracking or a shipment number.",
        ),
        Column("tracking_number", also=("tracking", "parcel", "Sendungsnummer", "Paketnummer"), example="1Z999AA10123456784"),
        Column(
            "shipment_number", also=("your reference", "reference", "Sendungsreferenz", "Referenz"), says="Our shipment's number."
        ),
        Column("order_number", also=("order", "Auftrag", "Auftragsnummer")),
        Column(
            "charge",
            also=("charge type", "service charge", "Leistung", "Gebührenart"),
            example="fuel",
            says="What the amount is for; empty: the freight itself.",
        ),
        Column("amount", "number", also=("net amount", "charge amount", "Betrag", "Nettobetrag"), example="4.12"),
        Column("line_currency", says="Only where it differs from the invoice's, which a person must look at."),
        *(Column(kind, "number") for kind in CHARGE_COLUMNS),
        Column(
            "billed_weight_kg",
            "number",
            also=("billed weight", "chargeable weight", "Gewicht", "frachtpflichtiges Gewicht"),
            example="12.5",
        ),
        Column("zone", also=("Tarifzone",)),
        Column("service_level", also=("service", "product", "Produkt")),
        Column("shipped_on", "date", also=("ship date", "shipment date", "Versanddatum")),
        Column("tax_total", "number", head=True, also=("vat total", "Steuerbetrag", "MwSt-Betrag")),
        Column(
            "total",
            "number",
            needed=True,
            head=True,
            also=("invoice total", "total amount", "Rechnungsbetrag", "Gesamtbetrag"),
            example="453.64",
        ),
    ),
}  # fmt: skip
"""The templates. The order goes out, the others come in; columns may stand in any order, and unknown ones are left alone."""

ANSWERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("accepted", "accept", "confirmed", "ok", "yes", "bestatigt", "angenommen", "ja"), "accepted"),
    **dict.fromkeys(("changed", "change", "geandert", "abweichend"), "changed"),
    **dict.fromkeys(("refused", "rejected", "refuse", "no", "abgelehnt", "storniert", "nein"), "refused"),
    **dict.fromkeys(("backordered", "backorder", "later", "ruckstand", "nachlieferung"), "backordered"),
}
KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("", "invoice", "rechnung", "380"), "invoice"),
    **dict.fromkeys(("creditnote", "credit", "gutschrift", "rechnungskorrektur", "381"), "credit_note"),
}


def recognise(kind: Kind, titles: list[str]) -> tuple[dict[str, int], list[str], list[str]]:
    """Where each column of a template is among a file's titles, which needed ones are missing, and which titles occur twice."""
    seen = [plain(title) for title in titles]
    places: dict[str, int] = {}
    for column in COLUMNS[kind]:  # a column's own name goes before what others may be called
        if plain(column.name) in seen:
            places[column.name] = seen.index(plain(column.name))
    for column in COLUMNS[kind]:
        taken = set(places.values())
        found = next((at for name in column.also if (at := _index(seen, plain(name))) is not None and at not in taken), None)
        if column.name not in places and found is not None:
            places[column.name] = found
    missing = [column.name for column in COLUMNS[kind] if column.needed and column.name not in places]
    twice = [titles[at] for at, name in enumerate(seen) if name and name in seen[:at] and seen.index(name) in places.values()]
    return places, missing, twice


def _index(names: list[str], name: str) -> int | None:
    return names.index(name) if name in names else None
