"""Customs territories as data: between which places goods move without an export or import declaration; knows no shipment.

Sources: Regulation (EU) 952/2013 article 4 (customs territory of the Union), Directive 2006/112/EC article 6 (places outside the VAT
territory, to which goods are declared although they stay in the customs union), Windsor Framework article 5 (Northern Ireland),
Customs treaty Switzerland - Liechtenstein (1923), customs agreements of the Crown dependencies with the United Kingdom.
"""

from __future__ import annotations

from typing import Final


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


EU: Final = _codes("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")
"""Members of the European Union."""

_UNIONS: Final[dict[str, frozenset[str]]] = {
    # Monaco belongs to the Union's customs and VAT territory through France.
    "EU": EU | {"MC"},
    "GB": frozenset({"GB", "IM"}),
    "CH": frozenset({"CH", "LI"}),
    "US": frozenset({"US", "PR"}),
}

TERRITORY: Final[dict[str, str]] = {country: name for name, countries in _UNIONS.items() for country in countries}
"""ISO 3166-1 alpha-2 country -> the territory within which nothing is declared; a country that is not listed is one of its own."""

SPECIAL: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "GB": (("BT", "XI"),),
    "DE": (("27498", "DE-HELGOLAND"), ("78266", "DE-BUESINGEN")),
    "IT": (("23041", "IT-LIVIGNO"), ("22061", "IT-CAMPIONE"), ("22060", "IT-CAMPIONE")),
    "ES": (("35", "ES-CANARIAS"), ("38", "ES-CANARIAS"), ("51", "ES-CEUTA"), ("52", "ES-MELILLA")),
    "FI": (("22", "AX"),),
    "FR": (
        ("971", "GP"),
        ("972", "MQ"),
        ("973", "GF"),
        ("974", "RE"),
        ("976", "YT"),
        ("975", "PM"),
        ("977", "BL"),
        ("978", "MF"),
    ),
    "GR": (("63086", "GR-ATHOS"),),
}
"""Country -> prefixes of postal codes with a status of their own."""

_OPEN: Final = frozenset({("EU", "XI"), ("XI", "EU"), ("XI", "GB")})
"""Northern Ireland: nothing is declared to and from the Union, nor to Great Britain; from Great Britain it is."""


def territory(country: str, postal_code: str = "") -> str:
    """The customs territory of a place."""
    if country in SPECIAL:
        code = postal_code.replace(" ", "").replace("-", "").upper()
        for prefix, name in SPECIAL[country]:
            if code.startswith(prefix):
                return name
    return TERRITORY.get(country, country)


def declared(origin: str, origin_code: str, destination: str, destination_code: str) -> bool:
    """Whether goods between two places need a customs declaration."""
    one, other = territory(origin, origin_code), territory(destination, destination_code)
    return one != other and (one, other) not in _OPEN
