"""A statement of 50,000 entries matched against 200,000 open invoices, in one process.

    python -m benchmarks.statement_matching [entries] [invoices]

Four payers in ten write the structured reference, three the number somewhere in the text, one pays from a known account without a word,
one pays several invoices at once, and one is nobody's. The baseline is the naive way, every invoice asked for every entry, timed on a few
entries and multiplied.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from benchmarks.record import record
from crossdock.canonical.bank import StatementEntry
from crossdock.canonical.values import Money
from crossdock.finance.matching.deciding import match_entries
from crossdock.finance.matching.items import Match, OpenItem
from crossdock.finance.parties import alike
from crossdock.finance.references import creditor_reference, plain

NAMES = [
    "Harbour",
    "Pine",
    "Nordic",
    "Atlas",
    "Meer",
    "Müller",
    "Lopez",
    "Rossi",
    "Berg",
    "Anker",
    "Vega",
    "Kowalski",
    "Dubois",
    "Silva",
]
KINDS = ["Trading", "Foods", "Design", "Textiles", "Tools", "Garden", "Lights", "Bikes", "Optics", "Paper"]
NAIVE = 10


def invoices(count: int, chance: random.Random) -> list[OpenItem]:
    """Open invoices of a fifth as many customers."""
    made = []
    for number in range(count):
        customer = number % (count // 5)
        name = f"{NAMES[customer % 14]} {KINDS[customer // 14 % 10]} {customer // 140} GmbH"
        made.append(
            OpenItem(
                f"INV/2026/{number:06}",
                Decimal(chance.randrange(500, 250_000)) / 100,
                "EUR",
                reference=creditor_reference(f"26{number:08}"),
                party=f"C{customer}",
                name=name,
                ibans=(f"DE{customer:020}",),
                order_number=f"SO{number:07}",
                due=date(2026, 3, 1) + timedelta(days=number % 60),
            )
        )
    return made


def entries(count: int, items: list[OpenItem], chance: random.Random) -> tuple[list[StatementEntry], dict[str, set[str]]]:
    """Entries, and what each of them truly pays."""
    made, truth = [], {}
    places = chance.sample(range(len(items) // 2), count)
    for number, place in enumerate(places):
        item, kind = items[place], number % 10
        amount, structured, text, account = item.amount, "", "", item.ibans[0]
        pays = {item.number}
        if kind < 4:
            structured = item.reference
        elif kind < 7:
            text = f"payment of {item.number.lower().replace('/', '-')} with thanks"
        elif kind == 8:
            other = items[place + len(items) // 2]
            amount, text, pays = item.amount + other.amount, f"{item.number}, {other.number}", {item.number, other.number}
        elif kind == 9:
            amount, account, pays = Decimal(chance.randrange(1, 99)) / 1000 + 3, "", set()
        name = f"B{number}"
        made.append(
            StatementEntry(
                reference=name, value_date=date(2026, 3, 2), amount=Money(amount=amount, currency="EUR"), direction="credit",
                counterparty_name=item.name.upper().removesuffix(" GMBH") if pays else "UNKNOWN", counterparty_account=account,
                structured_reference=structured, remittance=text,
            )
        )  # fmt: skip
        truth[name] = pays
    return made, truth


def naive(told: list[StatementEntry], items: list[OpenItem]) -> int:
    """Every invoice asked for every entry; the number of entries with a best one."""
    hits = 0
    for entry in told:
        structured, text = plain(entry.structured_reference), plain(entry.remittance)
        best = 0
        for item in items:
            score = 60 * (bool(structured) and structured == plain(item.reference)) + 45 * (plain(item.number) in text)
            score += 40 * (entry.counterparty_account in item.ibans) + 15 * alike(entry.counterparty_name, item.name)
            score += 30 * (entry.amount.amount == item.amount)
            best = max(best, score)
        hits += best >= 70
    return hits


def wrong(matches: list[Match], truth: dict[str, set[str]]) -> int:
    """Entries paid onto something they do not pay."""
    sure = [each for each in matches if each.allocations]
    return sum({part.number for part in each.allocations} != truth[each.entry.reference] for each in sure)


def main() -> int:
    """Measure and record; exit code 1 when the goal was missed or one entry was matched wrongly."""
    count, open_ones = (int(each) for each in (sys.argv[1:3] if len(sys.argv) > 2 else (50_000, 200_000)))
    chance = random.Random(5)
    items = invoices(open_ones, chance)
    told, truth = entries(count, items, chance)
    begun = time.perf_counter()
    matches = match_entries(told, items)
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    naive(told[:NAIVE], items)
    slow = (time.perf_counter() - begun) / NAIVE * count
    verdicts = Counter(each.verdict for each in matches)
    mistakes = wrong(matches, truth)
    found = record(
        "statement_matching", seconds, "s", baseline=slow, goal=60, higher=False, entries=count, invoices=open_ones, verdicts=dict(sorted(verdicts.items())),
        wrong=mistakes, baseline_from_entries=NAIVE, peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )  # fmt: skip
    return 0 if found["met"] and not mistakes else 1


if __name__ == "__main__":
    raise SystemExit(main())
