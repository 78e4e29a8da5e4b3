"""EDIFACT code values the mappings understand: items, parties, agencies, measures. Only data; a partner's others come by overlay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Data element 7143.
ITEM_NUMBERS: Final[Mapping[str, str]] = {
    "IN": "sku",
    "BP": "sku",
    "SA": "supplier_sku",
    "VP": "supplier_sku",
    "VN": "supplier_sku",
    "SRV": "gtin",
    "EN": "gtin",
    "UP": "gtin",
    "GTI": "gtin",
}

# Data element 3055: who gives a party's code.
AGENCIES: Final[Mapping[str, str]] = {"9": "gln", "14": "gln", "16": "duns"}
SCHEME_AGENCIES: Final[Mapping[str, str]] = {"gln": "9", "duns": "16"}

# Data element 3035: the roles, most telling first.
BUYER: Final = ("BY", "OB", "ITO")
SUPPLIER: Final = ("SU", "SE", "MF")
SHIP_TO: Final = ("DP", "ST", "CN", "UC", "UD")
SHIP_FROM: Final = ("SF", "CZ", "PW")
INVOICE_TO: Final = ("IV", "ITO")
SELLER: Final = ("SU", "SE", "II")
PAYEE: Final = ("PE", "RE", "SR")
WAREHOUSE: Final = ("WH", "GM", "ST", "DP", "LSP")

UNITS: Final[Mapping[str, str]] = {"PCE": "C62", "UN": "C62", "ST": "C62"}
"""Codes of usage that mean the same as a Rec 20 code: GS1 guides write PCE for one piece."""
UNIT_CODES: Final[Mapping[str, str]] = {"C62": "PCE"}
"""How GS1 guides want a unit written."""

# Data elements 7065 (packages): EANCOM numbers and names beside Rec 21.
PACKAGE_KINDS: Final[Mapping[str, str]] = {
    "201": "PX",
    "200": "PX",
    "202": "PX",
    "PE": "PX",
    "09": "PX",
    "08": "PX",
    "BX": "BX",
    "CT": "CT",
    "CS": "CS",
}
