"""The simulated finance system's books: journals by number, each checked and posted once; knows no wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.simulators.contract import Refused


@dataclass(slots=True)
class Kept:
    """A journal as it came, what became of it, and the key it came with."""

    body: dict[str, Any]
    state: dict[str, Any]
    key: str

    def as_json(self) -> Mapping[str, Any]:
        """The contract's JournalState."""
        return self.state


class Books:
    """What was posted. `unknown` are accounts it does not know, `closed` periods (`2026-01`). With `later` journals wait for `settle`."""

    def __init__(self, record: Callable[[str, str, Mapping[str, Any], str], None], *, later: bool = False) -> None:
        self._record = record
        self.later = later
        self.unknown: set[str] = set()
        self.closed: set[str] = set()
        self.journals: dict[str, Kept] = {}
        self.feed: list[dict[str, Any]] = []

    def reset(self) -> None:
        """Empty books."""
        self.journals.clear()
        self.feed.clear()

    def take(self, body: Mapping[str, Any], key: str) -> tuple[Kept, bool]:
        """A journal comes: its state, and whether it is new. Raises `Refused`."""
        number = str(body.get("number") or "")
        if not number:
            raise Refused("invalid", "a journal has a number")
        known = self.journals.get(number)
        if known is not None:
            if known.body != dict(body):
                raise Refused("conflict", f"journal {number} has other content")
            return known, False
        self._check(body)
        state = {
            "number": number,
            "status": "pending" if self.later else "posted",
            "posted_number": "",
            "posting_date": body["posting_date"],
        }
        kept = self.journals[number] = Kept(dict(body), state, key)
        if not self.later:
            self._book(number)
        return kept, True

    def settle(self, number: str, reason: str = "") -> None:
        """Post a journal that waits, or refuse it with a reason code."""
        if reason:
            self.journals[number].state["status"] = "rejected"
            self._tell(number, "rejected", reason)
        else:
            self._book(number)

    def _book(self, number: str) -> None:
        known = self.journals[number]
        known.state.update(status="posted", posted_number=f"GL-{len(self.feed) + 1:06}")
        self._record("journal", number, {"total": known.body.get("total"), "currency": known.body.get("currency")}, known.key)
        self._tell(number, "posted")

    def _tell(self, number: str, verdict: str, reason: str = "") -> None:
        state = self.journals[number].state
        told = {
            "seq": len(self.feed) + 1, "number": number, "verdict": verdict, "posted_number": state["posted_number"],
            "posting_date": state["posting_date"], "reason_code": reason, "reason": reason and "see accounting",
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        self.feed.append(told)

    def _check(self, body: Mapping[str, Any]) -> None:
        try:
            sides = {
                side: sum((Decimal(str(line.get(side) or "0")) for line in body["lines"]), Decimal(0))
                for side in ("debit", "credit")
            }
            accounts = {str(line["account"]) for line in body["lines"]}
            period = str(body["posting_date"])[:7]
        except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
            raise Refused("invalid", f"{type(error).__name__}: {error}") from None
        if sides["debit"] != sides["credit"] or not sides["debit"]:
            raise Refused("unbalanced", f"debit {sides['debit']}, credit {sides['credit']}")
        if missing := sorted(accounts & self.unknown):
            raise Refused("unknown_account", ", ".join(missing))
        if period in self.closed:
            raise Refused("period_closed", period)

    def posted(self, begin: str, end: str) -> list[dict[str, str]]:
        """The journals posted on the days from `begin` to `end`."""
        found = []
        for number, known in sorted(self.journals.items()):
            state, body = known.state, known.body
            if state["status"] == "posted" and begin <= state["posting_date"] <= end:
                found.append(
                    {
                        "number": number, "posted_number": state["posted_number"], "posting_date": state["posting_date"],
                        "currency": str(body["currency"]), "total": str(body["total"]),
                    }
                )  # fmt: skip
        return found
