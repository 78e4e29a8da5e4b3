"""Days, spans of time and amounts of money in words, translated; knows no page."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crossdock.canonical.codes import MINOR_UNITS
from crossdock.ledger.inbox import Money
from crossdock.ledger.stakes import major_units

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def span(seconds: float) -> str:
    """`42 min`, `2 h 5 min`, `3 days 4 h`; always positive, and never more exact than helps."""
    whole = int(abs(seconds))
    if whole < MINUTE:
        return _("%(n)d s") % {"n": whole}
    if whole < HOUR:
        return _("%(n)d min") % {"n": whole // MINUTE}
    if whole < 2 * DAY:
        hours, minutes = divmod(whole // MINUTE, 60)
        return _("%(h)d h %(m)d min") % {"h": hours, "m": minutes} if minutes else _("%(h)d h") % {"h": hours}
    days, rest = divmod(whole, DAY)
    said = ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    return said if days > 6 or rest < HOUR else f"{said} {_('%(h)d h') % {'h': rest // HOUR}}"


def left(until: float) -> str:
    """A clock in words: `in 42 min`, or `late by 2 h` when it is over; `until` are seconds."""
    return (_("in %(span)s") if until >= 0 else _("late by %(span)s")) % {"span": span(until)}


def day_of(at: date) -> str:
    """A day that is read the same way everywhere: `23 Nov 2026`. Django's own short form for English puts the month first."""
    language = get_language() or "en"
    return date_format(at, "j M Y" if language.startswith("en") else "SHORT_DATE_FORMAT").replace(" ", "\u00a0")


def latency(seconds: float | None) -> str:
    """A duration of calls: milliseconds below a second; a dash when there is none."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    return f"{number_format(seconds, 1)} s" if seconds < 120 else span(seconds)


def money(sums: list[Money]) -> str:
    """Sums in their currencies, the largest first."""
    ordered = sorted(sums, key=lambda each: -each.minor)
    return " + ".join(
        f"{number_format(major_units(each.minor, each.currency), MINOR_UNITS.get(each.currency, 2), force_grouping=True)} {each.currency}"
        for each in ordered
    )
