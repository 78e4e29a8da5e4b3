"""Telephone numbers in E.164 (ITU-T), by libphonenumber's rules; knows no party."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def normalise_phone(text: str, country: str = "") -> str | None:
    """The number as `+4930123456`; None when it cannot be a telephone number.

    `country` (ISO 3166-1 alpha-2) is where a number without international prefix is dialled. An extension is left out. Numbers are
    judged by their length and form, not by whether the range is assigned: ranges change faster than anybody updates a hub.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def assigned_phone(text: str, country: str = "") -> bool:
    """Whether the number lies in a range that is assigned; a hint for people, never a reason to refuse a document."""
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, country or None)))
    except phonenumbers.NumberParseException:
        return False
