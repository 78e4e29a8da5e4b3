"""Root-cause hints by fixed rules, each with its evidence and what mends it; a rule says nothing it cannot show."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crossdock.landscape.landscape import Landscape
from crossdock.ledger.people import OpenException

Mend = Literal["value_map", "credential", "edit", "retry", "reconcile", "decide", "wait", "report"]


@dataclass(frozen=True, slots=True)
class Hint:
    """What probably happened, why that is believed, and what mends it. `sure`: the evidence leaves no other reading."""

    cause: str
    remedy: str
    mend: Mend
    evidence: list[tuple[str, str]] = field(default_factory=list)
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules may look at: attempts (outcome, code, message, at), whether the system is parked, similar open ones."""

    landscape: Landscape
    attempts: Sequence[Mapping[str, Any]] = ()
    parked: str = ""
    parked_since: int | None = None
    alike: int = 1
    map_entries: Mapping[tuple[str, str], str] = field(default_factory=dict)


Rule = Callable[[OpenException, Facts], Hint | None]
_CLOSED: Final = re.compile(
    r"lock(ed)? date|fiscal|(accounting )?period .{0,40}(closed|locked)|(closed|locked) .{0,40}period", re.IGNORECASE
)
_SKU: Final = re.compile(r"\b(sku|product|article|item)\b.{0,60}\b(unknown|not found|no such|does not exist|missing)\b|\b(unknown|no such)\b.{0,20}\b(sku|product|article|item)\b", re.IGNORECASE)  # fmt: skip
_CREDENTIAL: Final = frozenset({"deliver.credential_refused", "vault.secret_missing", "vault.credential_expiring"})


def hint(each: OpenException, facts: Facts) -> Hint | None:
    """The first rule that can show something; None when none can."""
    for rule in _RULES:
        found = rule(each, facts)
        if found is not None:
            return found
    return None


def _credential(each: OpenException, facts: Facts) -> Hint | None:
    if each.code not in _CREDENTIAL:
        return None
    system = facts.landscape.systems.get(each.system)
    evidence = [(_("The system's answer"), each.message)]
    if facts.parked:
        evidence.append((_("Its channel is parked"), facts.parked))
    if system is not None:
        evidence += [(_("Credential"), f"{purpose}: {reference}") for purpose, reference in system.credentials.items()]
    return Hint(
        _("The credential of %(system)s is expired or refused.") % {"system": each.system},
        _("Store a new credential under the same reference in the vault, then put the system back to work. What waits goes on by itself."),
        "credential", evidence,
    )  # fmt: skip


def _value_map(each: OpenException, facts: Facts) -> Hint | None:
    if each.code != "normalize.value_map_missing" or not each.detail.get("map"):
        return None
    name, value = str(each.detail["map"]), str(each.detail.get("value", ""))
    evidence = [(_("Value map"), name), (_("Code without an entry"), value)]
    table = facts.landscape.value_maps.get(name)
    if table is None:
        return Hint(_("The landscape has no value map %(map)s.") % {"map": name}, _("Add the map by review."), "report", evidence)
    known = table.entries if each.detail.get("direction") != "to_partner" else {v: k for k, v in table.entries.items()}
    close = get_close_matches(value, known, 3, 0.6)
    if close:
        evidence.append((_("Similar entries"), ", ".join(f"{code} → {known[code]}" for code in close)))
    if (name, value) in facts.map_entries:
        evidence.append((_("Added since"), facts.map_entries[name, value]))
        return Hint(_("The missing entry has been added since."), _("Retry it, and all others of this group."), "retry", evidence)
    return Hint(
        _("%(code)s is not in the value map %(map)s.") % {"code": value, "map": name},
        _("Add the entry here; it holds at once. Then retry the group."), "value_map", evidence,
    )  # fmt: skip


def _uncertain(each: OpenException, facts: Facts) -> Hint | None:
    if each.family != "uncertain":
        return None
    evidence = [(_("What the target says"), each.message)]
    if each.detail.get("questions"):
        evidence.append((_("Times asked"), str(each.detail["questions"])))
    return Hint(
        _("It may have happened: the request went out and no answer came back."),
        _("Do not repeat it. Ask the target now, or look there by hand and say whether it happened."), "reconcile", evidence,
    )  # fmt: skip


def _rate(each: OpenException, facts: Facts) -> Hint | None:
    throttled = [one for one in facts.attempts if one["code"] == "deliver.throttled"]
    if each.code != "deliver.throttled" and each.detail.get("last") != "deliver.throttled" and len(throttled) < 2:
        return None
    evidence = [(_("Attempts answered with “slow down”"), str(len(throttled)))]
    system = facts.landscape.systems.get(each.system)
    if system is not None:
        rate = system.limits.rate
        evidence.append((_("Agreed rate"), f"{rate}/s" if rate is not None else _("none in the landscape")))
    return Hint(
        _("%(system)s takes fewer requests than are sent.") % {"system": each.system},
        _("Retry it later, and lower `limits.rate` of the system by review."), "retry", evidence,
    )  # fmt: skip


def _outage(each: OpenException, facts: Facts) -> Hint | None:
    away = [one for one in facts.attempts if one["code"] in ("deliver.unavailable", "deliver.pending", "deliver.answer_lost")]
    if each.code != "deliver.budget_exhausted" and each.code != "deliver.unavailable":
        return None
    if not away and each.detail.get("last") not in ("deliver.unavailable", "deliver.answer_lost"):
        return None
    evidence = [
        (_("Attempts without an answer"), str(len(away) or each.detail.get("attempts", ""))),
        (_("Last answer"), each.message),
    ]
    if facts.alike > 1:
        evidence.append((_("Others with the same cause"), str(facts.alike - 1)))
    return Hint(
        _("%(system)s was not to be reached for longer than this could wait.") % {"system": each.system or _("The system")},
        _("When it is back, retry the whole group; it is paced so that the system is not flooded."), "retry", evidence,
    )  # fmt: skip


def _closed_period(each: OpenException, facts: Facts) -> Hint | None:
    found = _CLOSED.search(each.message)
    if found is None:
        return None
    return Hint(
        _("The accounting period of this document is closed."),
        _("Let finance open the period or agree on another date, then retry or edit the date."), "retry",
        [(_("The target's words"), found[0]), (_("In full"), each.message)], sure=False,
    )  # fmt: skip


def _unknown_sku(each: OpenException, facts: Facts) -> Hint | None:
    if each.code != "validate.unknown_sku" and not _SKU.search(each.message):
        return None
    evidence = [(_("Message"), each.message)]
    evidence += [(str(name), str(value)) for name, value in each.detail.items() if name in ("sku", "skus", "line")]
    return Hint(
        _("A product in this document is not known where it was sent."),
        _("Create the product in the system that owns products, or correct the SKU here; then retry."), "edit", evidence,
        sure=each.code == "validate.unknown_sku",
    )  # fmt: skip


def _fields(each: OpenException, facts: Facts) -> Hint | None:
    problems = each.detail.get("problems") or each.detail.get("violations") or each.detail.get("rules")
    if not isinstance(problems, list) or not problems:
        return None
    evidence = [
        (str(one.get("path") or one.get("rule") or ""), str(one.get("message", "")))
        for one in problems[:20]
        if isinstance(one, dict)
    ]
    return Hint(
        ngettext("%(count)d thing is wrong in the document.", "%(count)d things are wrong in the document.", len(problems))
        % {"count": len(problems)},
        _("Correct the fields here and replay, or let the sender correct and send it again."), "edit", evidence,
    )  # fmt: skip


def _ownership(each: OpenException, facts: Facts) -> Hint | None:
    if not each.code.startswith("authorize."):
        return None
    evidence = [(str(name), str(value)) for name, value in each.detail.items() if name != "hint"]
    return Hint(
        _("%(system)s said something that is not its to say.") % {"system": each.system},
        _("Change it where it is owned, or change `ownership.yaml` by review."), "report", [(_("Message"), each.message), *evidence],
    )  # fmt: skip


def _order(each: OpenException, facts: Facts) -> Hint | None:
    if each.code not in ("sequence.gap", "sequence.reference_unknown"):
        return None
    return Hint(
        _("Something that should have come before has not come."),
        _("Ask the sender for it; when it arrives this goes on by itself. Or release what waits by retrying it."), "wait",
        [(_("What is waited for"), each.message)],
    )  # fmt: skip


def _conflict(each: OpenException, facts: Facts) -> Hint | None:
    if each.code not in ("receive.conflict", "sequence.content_conflict"):
        return None
    return Hint(
        _("The same thing arrived twice with different content."),
        _("Ask the sender which one is meant: retry takes this one, resolve leaves it out."), "decide", [(_("Message"), each.message)],
    )  # fmt: skip


def _decision(each: OpenException, facts: Facts) -> Hint | None:
    if not each.actions or each.command:
        return None
    return Hint(
        _("The process cannot go on without a decision."),
        _("Choose one of the ways it offers."),
        "decide",
        [(_("Why"), each.message)],
    )


def _parked(each: OpenException, facts: Facts) -> Hint | None:
    if not facts.parked:
        return None
    return Hint(
        _("%(system)s is parked; nothing is sent to it.") % {"system": each.system},
        _("Mend what its owner is told about, then put it back to work."), "credential", [(_("Reason"), facts.parked)],
    )  # fmt: skip


def _defect(each: OpenException, facts: Facts) -> Hint | None:
    if each.code not in ("hub.defect", "process.failed", "normalize.mapping_failed", "deliver.contract_broken"):
        return None
    return Hint(
        _("A program failed on this, not the data's sender."), _("Download the evidence and report it; retry once it is mended."), "report",
        [(_("Message"), each.message), (_("Code"), each.code)],
    )  # fmt: skip


def _refused(each: OpenException, facts: Facts) -> Hint | None:
    if each.code != "deliver.refused":
        return None
    return Hint(
        _("%(system)s refused it for a reason of its own.") % {"system": each.system or _("The target")},
        _("Correct it there and retry, or edit what is sent."), "edit", [(_("Its words"), each.message)], sure=False,
    )  # fmt: skip


_RULES: Final[tuple[Rule, ...]] = (
    _credential, _value_map, _uncertain, _rate, _outage, _closed_period, _unknown_sku, _fields, _ownership, _order, _conflict, _parked,
    _decision, _defect, _refused,
)  # fmt: skip
