"""GS1 keys and units of measure."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.gs1 import build_sscc, fault, gtin14, sscc_of, with_check_digit
from crossdock.canonical.identifiers import gs1_check_digit, gs1_valid
from crossdock.canonical.units import from_odoo, from_x12, units


def test_keys_printed_in_the_gs1_specifications() -> None:
    assert gs1_valid("gtin", "9501101530003") and gs1_valid("sscc", "106141412345678908") and gs1_valid("gln", "9501101020016")
    assert gtin14("9501101530003") == "09501101530003"
    assert build_sscc("0614141", 234567890, extension=1) == "106141412345678908"


@given(st.integers(4, 12), st.data(), st.integers(0, 9))
def test_every_sscc_built_is_read_back(length: int, data: st.DataObject, extension: int) -> None:
    prefix = data.draw(st.text("0123456789", min_size=length, max_size=length))
    serial = data.draw(st.integers(0, 10 ** (16 - length) - 1))
    sscc = build_sscc(prefix, serial, extension)
    assert len(sscc) == 18 and fault("sscc", sscc) == ""
    for written in (sscc, f"00{sscc}", f"(00){sscc}", f"]C100{sscc}", f" {sscc[:9]} {sscc[9:]} "):
        assert sscc_of(written) == sscc


@given(st.text("0123456789", min_size=17, max_size=17), st.integers(0, 17), st.integers(1, 9))
def test_any_single_wrong_digit_is_found(digits: str, place: int, by: int) -> None:
    key = with_check_digit(digits)
    wrong = key[:place] + str((int(key[place]) + by) % 10) + key[place + 1 :]
    assert not gs1_valid("sscc", wrong) and fault("sscc", wrong)


def test_what_does_not_fit_is_refused() -> None:
    for prefix, serial, extension in (
        ("123", 1, 0),
        ("1234567890123", 1, 0),
        ("0614141", 10**9, 0),
        ("0614141", 1, 10),
        ("06A4141", 1, 0),
    ):
        with pytest.raises(ValueError):
            build_sscc(prefix, serial, extension)
    with pytest.raises(ValueError, match="17 digits instead of 18"):
        sscc_of("10614141234567890")
    with pytest.raises(ValueError, match="check digit"):
        gtin14("9501101530004")
    assert fault("gtin", "95011015300०3") == "it is not made of digits"
    assert gs1_check_digit("950110153000") == 3


def test_the_table_of_units_is_sound() -> None:
    table = units()
    assert len(table) > 115
    for code, unit in table.items():
        assert re.fullmatch("[A-Z0-9]{2,3}", code) and unit.name and unit.kind and unit.code == code
        assert unit.x12 == "" or re.fullmatch("[A-Z0-9]{2}", unit.x12), code
    names = [unit.odoo for unit in table.values() if unit.odoo]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("x12", "code"), [("EA", "C62"), ("KG", "KGM"), ("ca", "XCS"), ("LB", "LBR"), ("DZ", "DZN"), ("PC", "H87")]
)
def test_x12_units(x12: str, code: str) -> None:
    unit = from_x12(x12)
    assert unit is not None and unit.code == code


def test_odoo_units() -> None:
    for name, code in (("Units", "C62"), ("kg", "KGM"), ("L", "LTR"), ("m²", "MTK"), ("Dozens", "DZN")):
        unit = from_odoo(name)
        assert unit is not None and unit.code == code
    assert from_odoo("Pack of 6") is None and from_x12("??") is None
