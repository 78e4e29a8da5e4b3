"""Whether goods may come back, by the policy of the flow: a pure rule on what was shipped, delivered and given back already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crossdock.processes.frame.states import Json
from crossdock.processes.returns.plan import Plan
from crossdock.processes.returns.pricing import plain
from crossdock.processes.returns.settings import SELLERS_DOING


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of one requested line may come back. `impossible`: nobody can allow it; `against`: the policy does not, a person may."""

    quantity: Decimal
    impossible: str = ""
    against: str = ""


def judge(
    plan: Plan,
    asked: Json,
    line: Json | None,
    shipped: Decimal,
    claimed: Decimal,
    delivered_at: datetime | None,
    at: datetime,
) -> Verdict:
    """The verdict on `asked` (a line of a request) of order line `line`.

    `shipped` is what left of the line, `claimed` what earlier returns speak for; `delivered_at` when it was delivered, or shipped where no
    carrier tells; None: nothing was. `at` is when the return was asked for.
    """
    quantity = Decimal(asked["quantity"]["value"])
    if line is None:
        return Verdict(Decimal(0), f"{asked['sku']} is not in the order")
    if asked["quantity"]["unit"] != line["unit"]:
        return Verdict(Decimal(0), f"{asked['sku']} was sold in {line['unit']}, not in {asked['quantity']['unit']}")
    room = shipped - claimed
    if shipped <= 0 or delivered_at is None:
        return Verdict(Decimal(0), f"nothing of {asked['sku']} was shipped")
    if room <= 0:
        return Verdict(Decimal(0), f"all {plain(shipped)} of {asked['sku']} that were shipped are returned already")
    words: list[str] = []
    allowed = min(quantity, room)
    if allowed < quantity:
        words.append(f"{plain(quantity)} asked for, {plain(shipped)} shipped, {plain(claimed)} returned already")
    category, reason = plan.category(line["sku"]), asked["reason"]
    if category is not None and not category.returnable and reason not in SELLERS_DOING:
        words.append(f"{category.name} does not come back unless something is wrong with it")
    days = _days(plan, reason, category.days if category is not None else None)
    gone = (at - delivered_at).days
    if gone > days:
        words.append(f"delivered {gone} days ago, {days} are allowed")
    if asked["wanted"] == "exchange" and asked["exchange_sku"] not in {"", line["sku"]}:
        words.append(f"wanted for it is {asked['exchange_sku']}, which may have another price")
    return Verdict(allowed, against="; ".join(words))


def _days(plan: Plan, reason: str, by_category: int | None) -> int:
    by_reason: Mapping[str, int] = {str(name): days for name, days in plan.settings.eligibility.days_by_reason.items()}
    if reason in by_reason:
        return by_reason[reason]
    return plan.settings.eligibility.days if by_category is None else by_category
