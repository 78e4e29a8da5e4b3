"""What each event means for the books: which journal is owed, and which one no longer stands; posts nothing itself."""

from __future__ import annotations

from collections.abc import Iterable

from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.canonical.freight import FreightAccrual, FreightInvoice
from crossdock.canonical.journal import JournalAcknowledgement
from crossdock.canonical.payment import Chargeback, Payment, Refund
from crossdock.canonical.payout import Payout
from crossdock.core.errors import JournalRefused
from crossdock.core.process import Happened
from crossdock.processes.journals.entries import Posting, lines, moved, of_freight, of_invoice, of_payout, turned
from crossdock.processes.journals.states import Entry
from crossdock.processes.journals.work import Work
from crossdock.processes.values import replace


def invoice(w: Work, fact: Happened) -> None:
    """`customer_invoice.posted`: it is booked; told again with other sums, the first journal is taken back."""
    paper = fact.event.data
    if isinstance(paper, CustomerInvoice) and paper.state == "posted":
        day = paper.issue_date.isoformat() if paper.issue_date else w.plan.day(paper.at)
        postings = of_invoice(paper, w.settings.accounts)
        _owe(w, fact, f"invoice/{paper.erp_id}", paper.kind, paper.number, paper.order_number, day, paper.currency, postings)


def withdrawn(w: Work, fact: Happened) -> None:
    """`customer_invoice.created`, `customer_invoice.cancelled`: an invoice that was booked stands no more."""
    paper = fact.event.data
    if isinstance(paper, CustomerInvoice) and paper.state != "posted":
        _take_back(w, f"invoice/{paper.erp_id}", fact)


def captured(w: Work, fact: Happened) -> None:
    """`payment.captured`: the customer owes less, and a gateway or the bank has the money."""
    paid = fact.event.data
    if isinstance(paid, Payment):
        postings = moved(w.plan.holds(fact.event.source), w.settings.accounts.receivable, paid.amount.amount)
        about, day = f"payment/{fact.event.id}", w.plan.day(paid.at)
        _owe(w, fact, about, "payment", paid.reference, paid.order_number, day, paid.amount.currency, postings)


def refunded(w: Work, fact: Happened) -> None:
    """`refund.completed`: money went back."""
    back = fact.event.data
    if isinstance(back, Refund):
        postings = moved(w.settings.accounts.receivable, w.plan.holds(fact.event.source), back.amount.amount)
        about, day = f"refund/{fact.event.source}/{back.reference}", w.plan.day(back.at)
        _owe(w, fact, about, "refund", back.reference, back.order_number, day, back.amount.currency, postings)


def bounced(w: Work, fact: Happened) -> None:
    """`refund.failed`: of a refund that was booked the money is here again."""
    back = fact.event.data
    if isinstance(back, Refund):
        _take_back(w, f"refund/{fact.event.source}/{back.reference}", fact)


def disputed(w: Work, fact: Happened) -> None:
    """`chargeback.opened`, `chargeback.closed`: the money is gone for the time being, comes again, or is lost."""
    dispute = fact.event.data
    if not isinstance(dispute, Chargeback):
        return
    accounts, about = w.settings.accounts, f"dispute/{fact.event.source}/{dispute.reference}"
    day, amount = w.plan.day(dispute.at), dispute.amount
    if dispute.outcome in {"won", "withdrawn"}:
        _take_back(w, about, fact)
    elif dispute.stage != "inquiry":
        postings = moved(accounts.disputed, w.plan.holds(fact.event.source), amount.amount)
        _owe(w, fact, about, "other", dispute.reference, dispute.order_number, day, amount.currency, postings)
        if dispute.outcome == "lost":
            postings = moved(accounts.losses, accounts.disputed, amount.amount)
            _owe(w, fact, f"{about}/lost", "other", dispute.reference, dispute.order_number, day, amount.currency, postings)


def accrued(w: Work, fact: Happened) -> None:
    """`freight.accrued`: freight is expected, or is not any more."""
    told = fact.event.data
    if not isinstance(told, FreightAccrual):
        return
    about = f"accrual/{told.shipment_number}"
    if told.state == "released":
        _take_back(w, about, fact)
        return
    postings = moved(w.settings.accounts.freight, w.settings.accounts.freight_accrued, told.amount.amount)
    day = told.booked_on.isoformat()
    _owe(w, fact, about, "accrual", told.shipment_number, told.order_number, day, told.amount.currency, postings)


def billed(w: Work, fact: Happened) -> None:
    """`freight.billed`: a carrier's invoice is a bill. Orders hear of their share as well; the books hear of the whole, once."""
    bill = fact.event.data
    if isinstance(bill, FreightInvoice) and w.state.key.startswith("freight/"):
        about, day = f"freight/{bill.carrier.casefold()}/{bill.number}", bill.issue_date.isoformat()
        _owe(w, fact, about, "freight_bill", bill.number, "", day, bill.currency, of_freight(bill, w.settings.accounts))


def paid_out(w: Work, fact: Happened) -> None:
    """`payout.received`: what a provider held is in the bank, less its fees."""
    payout = fact.event.data
    if isinstance(payout, Payout):
        day = payout.paid_on.isoformat() if payout.paid_on else w.plan.day(fact.event.occurred_at)
        postings = of_payout(payout, w.settings.accounts)
        about = f"payout/{payout.provider}/{payout.number}"
        _owe(w, fact, about, "payout", payout.number, "", day, payout.currency, postings)


def acknowledged(w: Work, fact: Happened) -> None:
    """`journal.acknowledged`: the finance system posted a journal, or refuses it."""
    told = fact.event.data
    if not isinstance(told, JournalAcknowledgement):
        return
    entry = next((one for one in w.entries if w.number(one) == told.number), None)
    if entry is None:
        w.note(f"{told.number} is no journal that is still offered")
    elif told.verdict == "posted":
        posted(w, entry, told.posted_number)
    elif entry.verdict == "posted" or entry.step == "skipped":
        w.note(f"{told.number} is refused after it was {entry.verdict or 'left to people'}")
    else:
        w.put(replace(entry, verdict="rejected"))
        w.forget("acknowledged", entry.n)
        words = f"the finance system refuses {told.number}: {told.reason or told.reason_code or 'no reason given'}"
        error = JournalRefused(words, journal=told.number, document=entry.document_number, reason_code=told.reason_code)
        w.park(f"journal:{entry.n}", error, "finance", ("again", "another_day", "leave"))


def posted(w: Work, entry: Entry, number: str) -> None:
    """A journal is in their books."""
    w.put(replace(entry, verdict="posted", posted_number=number or entry.posted_number))
    w.came("acknowledged", entry.n)
    w.reach("posted")
    if f"journal:{entry.n}" in w.parked:
        w.unpark(f"journal:{entry.n}")


def _owe(
    w: Work,
    fact: Happened,
    about: str,
    document: str,
    number: str,
    order: str,
    day: str,
    currency: str,
    postings: Iterable[Posting],
) -> None:
    if document not in w.settings.documents:
        w.note(f"of a {document} no journal is posted")
        return
    written = lines(postings, currency, number)
    known = _standing(w, about)
    if known is not None:
        if known.lines == written and known.document_number == number:
            w.note(f"{number or about} is booked")
            return
        _take_back(w, about, fact)
    if len(written) < 2:
        w.note(f"{number or about} moves nothing")
        return
    w.closed = ""
    w.reach("booked")
    w.put(Entry(len(w.entries) + 1, about, document, day, currency, written, fact.event.id, number, order))


def _take_back(w: Work, about: str, fact: Happened) -> None:
    known = _standing(w, about)
    if known is None:
        return
    w.put(replace(known, gone=True))
    if known.step in {"", "skipped"}:
        w.put(replace(w.entries[known.n - 1], step="skipped"))
        w.note(f"{w.number(known)} was never posted")
        return
    w.closed = ""
    w.put(
        Entry(
            len(w.entries) + 1,
            about,
            known.document,
            w.plan.day(fact.at),
            known.currency,
            turned(known.lines),
            fact.event.id,
            known.document_number,
            known.order_number,
            f"takes {w.number(known)} back",
            takes_back=known.n,
        )
    )


def _standing(w: Work, about: str) -> Entry | None:
    """The journal of a paper that stands in the books, or is to."""
    return next((one for one in reversed(w.entries) if one.about == about and not one.takes_back and not one.gone), None)
