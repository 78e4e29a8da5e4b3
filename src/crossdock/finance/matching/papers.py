"""Open papers of the ERP as items to match, and a match as the document that says what an entry pays. Pure; knows no table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crossdock.canonical.bank import BankStatement
from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.finance.matching.items import Candidate, Match, OpenItem
from crossdock.finance.reconciliation.records import Told


@dataclass(frozen=True, slots=True)
class OpenPaper:
    """A posted invoice something is open of: its transaction's key, the ERP that has it, and the paper itself."""

    key: str
    erp: str
    paper: CustomerInvoice

    @property
    def name(self) -> str:
        """The paper's identity over all ERPs."""
        return f"{self.erp}/{self.paper.erp_id}"

    def item(self, accounts: tuple[str, ...] = ()) -> OpenItem:
        """The paper as an item to match; of a credit note the money goes out. `accounts` are those its customer is known by."""
        customer, paper = self.paper.customer, self.paper
        return OpenItem(
            self.name,
            paper.residual.amount,
            paper.currency,
            "credit" if paper.kind == "invoice" else "debit",
            paper.reference,
            customer.name if customer is not None else "",
            customer.name if customer is not None else "",
            accounts,
            paper.order_number,
            due=paper.due_date,
            also=(paper.number,) if paper.number else (),
        )


def open_papers(told: Iterable[Told]) -> dict[str, OpenPaper]:
    """The papers something is open of, as they were told last, by name."""
    last: dict[str, tuple[Any, OpenPaper]] = {}
    for each in told:
        if isinstance(each.data, CustomerInvoice):
            paper = OpenPaper(each.key, each.source, each.data)
            at = (each.data.at, each.evidence)
            if paper.name not in last or at >= last[paper.name][0]:
                last[paper.name] = (at, paper)
    return {name: one for name, (_, one) in last.items() if one.paper.state == "posted" and one.paper.residual.amount > 0}


def document_of(statement: BankStatement, named: str, match: Match, papers: Mapping[str, OpenPaper]) -> dict[str, Any]:
    """What is known of one entry, as JSON values: the entry, what it pays, the score with its reasons, and whom else it may be for."""
    entry = match.entry
    return {
        "statement": named,
        "account": statement.iban or statement.account,
        "entry": entry.model_dump(mode="json", exclude_defaults=True),
        "verdict": match.verdict,
        "score": match.score,
        "reasons": [{"code": each.code, "points": each.points, "words": each.words} for each in match.reasons],
        "pays": [_paid(papers[each.number], each.amount, each.difference) for each in match.allocations if each.number in papers],
        "remainder": f"{match.remainder:f}",
        "candidates": [_candidate(each, papers) for each in match.candidates],
    }


def _paid(one: OpenPaper, amount: Decimal, difference: Decimal) -> dict[str, str]:
    # never more than is open: what was paid too much within the tolerance is the payer's
    amount += min(difference, Decimal(0))
    return {
        "key": one.key,
        "erp": one.erp,
        "invoice_id": one.paper.erp_id,
        "invoice_number": one.paper.number,
        "order_number": one.paper.order_number,
        "amount": f"{amount:f}",
        "difference": f"{difference:f}",
        "currency": one.paper.currency,
    }


def _candidate(candidate: Candidate, papers: Mapping[str, OpenPaper]) -> dict[str, Any]:
    return {
        "score": candidate.score,
        "reasons": [{"code": each.code, "points": each.points, "words": each.words} for each in candidate.reasons],
        "pays": [
            _paid(papers[name], papers[name].paper.residual.amount, Decimal(0)) for name in candidate.numbers if name in papers
        ],
    }
