"""GS1 keys: GTIN, GLN and SSCC built and read (GS1 General Specifications 3.2, 7.9); knows no business object."""

from __future__ import annotations

from crossdock.canonical.identifiers import GS1_LENGTHS, gs1_check_digit, gs1_valid


def with_check_digit(digits: str) -> str:
    """The key with its check digit appended. Raises ValueError for anything but digits."""
    if not digits or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{digits!r} is not made of digits")
    return f"{digits}{gs1_check_digit(digits)}"


def gtin14(gtin: str) -> str:
    """A GTIN-8, -12, -13 or -14 in its 14-digit form, in which GTINs are compared. Raises ValueError for an invalid one."""
    if not gs1_valid("gtin", gtin):
        raise ValueError(f"{gtin!r} is not a GTIN: {fault('gtin', gtin)}")
    return gtin.zfill(14)


def build_sscc(company_prefix: str, serial: int, extension: int = 0) -> str:
    """The SSCC of a logistic unit (AI 00): extension digit, GS1 company prefix, serial reference, check digit; 18 digits.

    The serial reference fills what the company prefix (4 to 12 digits) leaves of 16 digits. Raises ValueError when it does not fit.
    """
    if not (company_prefix.isascii() and company_prefix.isdigit() and 4 <= len(company_prefix) <= 12):
        raise ValueError(f"{company_prefix!r} is not a GS1 company prefix of 4 to 12 digits")
    if not 0 <= extension <= 9:
        raise ValueError("the extension of an SSCC is one digit")
    room = 16 - len(company_prefix)
    if not 0 <= serial < 10**room:
        raise ValueError(f"serial reference {serial} does not fit into {room} digits")
    return with_check_digit(f"{extension}{company_prefix}{serial:0{room}d}")


def sscc_of(text: str) -> str:
    """The SSCC in what a scanner read: `00` + 18 digits, `(00)` + 18 digits, or the 18 digits. Raises ValueError for anything else."""
    digits = text.strip().removeprefix("]C1").replace("(00)", "00").replace(" ", "")
    if len(digits) == 20 and digits.startswith("00"):
        digits = digits[2:]
    if not gs1_valid("sscc", digits):
        raise ValueError(f"{text!r} is not an SSCC: {fault('sscc', digits)}")
    return digits


def fault(scheme: str, value: str) -> str:
    """What is wrong with a GS1 key, in words; empty when nothing is."""
    if not (value.isascii() and value.isdigit()):
        return "it is not made of digits"
    lengths = GS1_LENGTHS[scheme]
    if len(value) not in lengths:
        return f"it has {len(value)} digits instead of {' or '.join(str(one) for one in lengths)}"
    expected = gs1_check_digit(value[:-1])
    return "" if expected == int(value[-1]) else f"its check digit is {value[-1]} and should be {expected}"
