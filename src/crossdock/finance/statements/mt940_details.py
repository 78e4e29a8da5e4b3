"""Field :86: of MT940 in its common structures: German business codes with `?20`, Dutch `/EREF/` tags, free text; knows no entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crossdock.finance.parties import account, is_iban

_CODED: Final = re.compile(r"(\d{3})([^0-9A-Za-z\s])(?=\d\d)")
_TAGS: Final = re.compile(
    r"/(EREF|REMI|NAME|IBAN|BENM|ORDP|CNTP|MARF|CSID|TRTP|BIC|ISDT|PREF|KREF|RTRN|ULTB|ULTD|ULTC|PURP|SVCL|ID|ADDR|CSN|OCMT|CHGS)/"
)
_SEPA: Final = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|RREF|PURP)\+")
_IBAN_AHEAD: Final = re.compile(r"\bIBAN[:\s]*([A-Z]{2}\d{2}(?: ?[0-9A-Z]{2,4}){3,8})")
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_RETURNS: Final = frozenset({"108", "109", "159", "181", "182", "183", "184"})
"""Business transaction codes of money that comes back (DFÜ agreement, annex 3, 8.2.6.2)."""
_UNSAID: Final = frozenset({"", "NOTPROVIDED", "NONREF", "NOT PROVIDED"})


@dataclass(slots=True)
class Details:
    """What the field says of one booking; empty where it says nothing."""

    remittance: str = ""
    end_to_end: str = ""
    name: str = ""
    account: str = ""
    code: str = ""
    structured: str = ""
    bic: str = ""
    mandate: str = ""
    returned: bool = False
    return_code: str = ""


def details_of(text: str) -> Details:
    """The facts in the text of one field (or of several, one behind the other). Never raises."""
    coded = _CODED.match(text)
    if coded is not None:
        return _coded(text[coded.end() - 1 :].replace("\r", "").replace("\n", ""), coded.group(2), coded.group(1))
    joined = text.replace("\r", "").replace("\n", "")
    if len(_TAGS.findall(joined)) > 1 or _TAGS.match(joined):
        return _tagged(joined)
    words = " ".join(text.split())
    found = _IBAN_AHEAD.search(words)
    return Details(remittance=words, account=_iban(found.group(1)) if found else "")


def _coded(text: str, mark: str, code: str) -> Details:
    """Business transaction code and subfields (DFÜ agreement of the German banks, annex 3, 8.2.6)."""
    fields: dict[str, str] = {}
    for part in re.split(re.escape(mark) + r"(?=\d\d)", text)[1:]:
        fields[part[:2]] = fields.get(part[:2], "") + part[2:]
    purpose = "".join(fields.get(f"{number}", "") for number in range(20, 30))
    more = "".join(fields.get(f"{number}", "") for number in range(60, 64)).strip()
    sepa = _by_keyword(_SEPA, purpose)
    name = (fields.get("32", "") + fields.get("33", "")).strip()
    number = account(fields.get("38", "") or fields.get("31", ""))
    said = (sepa.get("SVWZ", "") if sepa else purpose).strip() or sepa.get("", "").strip()
    return Details(
        remittance=" ".join(each for each in (said, more) if each) or fields.get("00", "").strip(),
        end_to_end=_said(sepa.get("EREF", "")),
        name=name or sepa.get("ABWA", "").strip(),
        account=number or _iban(sepa.get("IBAN", "")),
        code=code,
        bic=_bic(fields.get("30", "")),
        mandate=sepa.get("MREF", "").strip()[:35],
        returned=code in _RETURNS,
        return_code=fields.get("34", "").strip() if code in _RETURNS else "",
    )


def _tagged(text: str) -> Details:
    found = _by_keyword(_TAGS, text)
    number, _, rest = found.get("CNTP", "").partition("/")
    remittance = found.get("REMI", "").strip("/")
    structured = ""
    if remittance.startswith("STRD/"):
        # /REMI/STRD/CUR/9001123456789012/: kind and reference
        structured = remittance.split("/")[-1].strip()
    named = rest.split("/")[1] if rest.count("/") else ""
    return Details(
        remittance=re.sub(r"^USTD//", "", remittance).strip() if not structured else "",
        end_to_end=_said(found.get("EREF", "")),
        name=(found.get("NAME", "").strip("/") or named).strip(),
        account=_iban(found.get("IBAN", "").strip("/")) or _iban(number),
        code=found.get("TRTP", "").strip("/").strip(),
        structured=structured,
        bic=_bic(found.get("BIC", "")),
        mandate=found.get("MARF", "").strip("/ ")[:35],
        returned="RTRN" in found,
        return_code=found.get("RTRN", "").strip("/ ")[:35],
    )


def _by_keyword(keywords: re.Pattern[str], text: str) -> Mapping[str, str]:
    """The text behind each keyword up to the next; the first of a keyword counts, what stands before all is under the empty one."""
    parts = keywords.split(text)
    found = {"": parts[0]}
    for name, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(name, value)
    return found if len(parts) > 1 else {}


def _said(text: str) -> str:
    text = text.strip().strip("/").strip()
    return "" if text.upper() in _UNSAID else text[:70]


def _iban(text: str) -> str:
    found = account(text)
    return found if is_iban(found) else ""


def _bic(text: str) -> str:
    text = text.strip().strip("/")
    return text if _BIC.fullmatch(text) else ""
