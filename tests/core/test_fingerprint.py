"""Failures of one cause share a fingerprint; failures of different causes do not."""

from __future__ import annotations

import time

import pytest

from crossdock.core.fingerprint import fingerprint, normalise


@pytest.mark.parametrize(
    ("message", "normal"),
    [
        ('Order S00042: SKU "AB-7" unknown', 'order *: sku "*" unknown'),
        ("HTTP 503 from https://x.example/z?q=1&r=2 after 3.5 s", "http * from * after * s"),
        ("customer a.b@c.example unknown,  id 123e4567-e89b-12d3-a456-426614174000", "customer * unknown, id *"),
        ("line 3: quantity -4.5 is not above zero", "line *: quantity * is not above zero"),
        ("Invalid field nofield on res.partner", "invalid field nofield on res.partner"),
        ("WH/OUT/00007 is done.", "* is done."),
    ],
)
def test_normalise(message: str, normal: str) -> None:
    assert normalise(message) == normal


def test_same_cause_same_fingerprint() -> None:
    def of(message: str, system: str = "odoo") -> str:
        return fingerprint("o2f", "deliver", "deliver.refused", system, message)

    assert of("Order S1 refused") == of("order S00099 refused")
    assert of("Order S1 refused") != of("Order S1 locked")
    assert of("Order S1 refused") != of("Order S1 refused", system="odoo-us")


def test_a_hostile_message_costs_no_time() -> None:
    start = time.perf_counter()
    for message in ("a" * 100_000, "a." * 100_000, "#/" * 100_000, "1-" * 100_000):
        normalise(message)
    assert time.perf_counter() - start < 0.5
