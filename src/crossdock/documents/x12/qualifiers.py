"""X12 code values the mappings understand, as trading partners' public guides use them: items, parties, dates, references. Only data.

These are the few codes in everyday use with what they mean to us, not a copy of the standard's code lists; a partner's others come by overlay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Data element 235. What the number is to us: the buyer's, the supplier's, or a GTIN in one of its lengths.
ITEM_NUMBERS: Final[Mapping[str, str]] = {
    "BP": "sku",
    "IN": "sku",
    "PI": "sku",
    "CB": "sku",
    "SK": "sku",
    "VN": "supplier_sku",
    "VP": "supplier_sku",
    "VC": "supplier_sku",
    "VA": "supplier_sku",
    "UP": "gtin",
    "EN": "gtin",
    "UK": "gtin",
    "UA": "gtin",
    "EO": "gtin",
    "U2": "gtin",
    "UI": "gtin",
}
GTIN_QUALIFIERS: Final[Mapping[int, str]] = {8: "EO", 12: "UP", 13: "EN", 14: "UK"}

# Data element 66: how a party's code is to be read.
PARTY_SCHEMES: Final[Mapping[str, str]] = {"1": "duns", "UL": "gln", "XV": "gln"}
SCHEME_QUALIFIERS: Final[Mapping[str, str]] = {"gln": "UL", "duns": "1"}

# Data element 98: the roles, most telling first.
BUYER: Final = ("BY", "BT", "OB")
SUPPLIER: Final = ("SU", "VN", "SE", "MF")
SHIP_TO: Final = ("ST", "SN", "CT", "MA")
SHIP_FROM: Final = ("SF", "SH")
INVOICE_TO: Final = ("BT", "IV", "PR")
PAYEE: Final = ("RE", "PE", "RI")
SELLER: Final = ("SE", "SU", "VN", "RI", "RE")

# Data element 639: for how many units a price is.
PRICE_BASES: Final[Mapping[str, str]] = {"HP": "100", "HF": "100", "TP": "1000", "TF": "1000", "PT": "1000"}
BASIS_CODES: Final[Mapping[str, str]] = {"100": "HP", "1000": "TP"}

# Data element 1300 to UNTDID 5189 (allowances) and 7161 (charges).
ALLOWANCES: Final[Mapping[str, str]] = {"C310": "95", "I530": "95", "F800": "66", "H000": "62", "B870": "41", "F340": "64"}
CHARGES: Final[Mapping[str, str]] = {
    "D240": "FC",
    "D500": "HD",
    "G821": "SH",
    "G830": "SH",
    "F110": "PC",
    "I170": "SH",
    "D980": "IN",
    "H850": "TX",
    "B770": "PC",
}
