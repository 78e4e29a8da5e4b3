"""Who buys what in a simulated shop: seeded random customers, addresses and baskets from a given catalogue; knows no shop's wire format."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

FIRST: Final = (
    "Anna",
    "Jürgen",
    "Maja",
    "Liam",
    "Zoë",
    "Søren",
    "Chloé",
    "Noah",
    "Inès",
    "Paweł",
    "Olivia",
    "Giulia",
    "Mehmet",
    "Aoife",
)
LAST: Final = (
    "Meyer",
    "Kowalska",
    "O'Brien",
    "Müller-Lüdenscheid",
    "Dubois",
    "Rossi",
    "Johansson",
    "Smith",
    "García",
    "Nováková",
)
COMPANIES: Final = ("Hafenlager GmbH", "Brick & Beam Ltd", "Atelier du Port SARL", "Northwind Trading Co.")
PLACES: Final = (
    ("DE", "", "Hamburg", "20457", "Am Sandtorkai 12", "+49 40 300900"),
    ("DE", "", "München", "80331", "Sendlinger Straße 8", "+49 89 233000"),
    ("FR", "", "Lyon", "69002", "14 rue de la République", "+33 4 72 00 00 00"),
    ("NL", "", "Rotterdam", "3011 AA", "Wijnhaven 3", "+31 10 2670000"),
    ("PL", "", "Gdańsk", "80-831", "ul. Długa 45/2", "+48 58 3010000"),
    ("US", "NY", "Brooklyn", "11201", "55 Water St", "+1 718 555 0142"),
    ("GB", "", "Manchester", "M1 1AD", "7 Piccadilly", "+44 161 4960000"),
)
NOTES: Final = ("Please ring twice.", "Leave it with the neighbour — Wohnung 3b", 'Gift: "Alles Gute!"')


@dataclass(frozen=True, slots=True)
class Article:
    """Something the shop sells; `price` is without tax. `parent` names the product it is a variation of, where the shop has such."""

    sku: str
    name: str
    price: Decimal
    barcode: str = ""
    grams: int = 500
    stock: int = 100
    parent: str = ""

    @classmethod
    def of(cls, data: Article | Mapping[str, Any]) -> Article:
        """From JSON: `sku`, `name`, `price` (text or number) and optionally `barcode`, `grams`, `stock`, `parent`."""
        if isinstance(data, Article):
            return data
        known = {key: data[key] for key in ("barcode", "grams", "stock", "parent") if key in data}
        return cls(str(data["sku"]), str(data.get("name") or data["sku"]), Decimal(str(data.get("price", "10.00"))), **known)


@dataclass(frozen=True, slots=True)
class Shopper:
    """A customer with the address to ship to."""

    first_name: str
    last_name: str
    email: str
    phone: str
    company: str
    country: str
    region: str
    city: str
    postal_code: str
    street: str
    street2: str = ""
    note: str = ""


DEFAULT_CATALOGUE: Final = tuple(
    Article(f"XD-{number:03d}", name, Decimal(price), grams=grams)
    for number, (name, price, grams) in enumerate(
        (
            ("Pallet jack", "289.00", 61000),
            ("Strapping tape 50 m", "7.95", 340),
            ("Corner protector", "0.49", 20),
            ("Cargo net", "34.90", 900),
        ),
        1,
    )
)


def shopper(rng: random.Random, countries: Sequence[str] = ()) -> Shopper:
    """A random customer, from `countries` when given."""
    first, last = rng.choice(FIRST), rng.choice(LAST)
    places = [place for place in PLACES if not countries or place[0] in countries] or list(PLACES)
    country, region, city, code, street, phone = rng.choice(places)
    return Shopper(
        first_name=first,
        last_name=last,
        email=f"buyer{rng.randrange(10_000)}@example.org",
        phone=phone if rng.random() < 0.8 else "",
        company=rng.choice(COMPANIES) if rng.random() < 0.25 else "",
        country=country,
        region=region,
        city=city,
        postal_code=code,
        street=street,
        street2="c/o reception" if rng.random() < 0.1 else "",
        note=rng.choice(NOTES) if rng.random() < 0.15 else "",
    )


def basket(rng: random.Random, catalogue: Sequence[Article]) -> list[tuple[Article, int]]:
    """One to four different articles, mostly one piece of each."""
    chosen = rng.sample(list(catalogue), k=min(len(catalogue), rng.choice((1, 1, 2, 2, 3, 4))))
    return [(article, rng.choice((1, 1, 1, 2, 3, 5))) for article in chosen]


def pick(catalogue: Mapping[str, Article], lines: Iterable[tuple[str, int] | Mapping[str, Any]]) -> list[tuple[Article, int]]:
    """A basket from `(sku, quantity)` pairs or `{"sku", "quantity"}` objects. Raises KeyError for a SKU the shop does not sell."""
    pairs = [(line["sku"], line["quantity"]) if isinstance(line, Mapping) else line for line in lines]
    return [(catalogue[str(sku)], int(quantity)) for sku, quantity in pairs]


def cart(
    rng: random.Random, catalogue: Mapping[str, Article], lines: Sequence[tuple[str, int] | Mapping[str, Any]] | None
) -> list[tuple[Article, int, Decimal]]:
    """What a customer orders, with the line's discount: the given lines as they are, else a random basket, now and then a euro off."""
    if lines is not None:
        return [(article, quantity, Decimal(0)) for article, quantity in pick(catalogue, lines)]
    chosen = basket(rng, list(catalogue.values()))
    return [
        (article, quantity, Decimal(quantity if rng.random() < 0.1 and article.price > 2 else 0)) for article, quantity in chosen
    ]
