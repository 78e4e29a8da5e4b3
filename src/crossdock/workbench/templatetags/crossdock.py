"""Tags and filters every template may use: times in two zones, files with their version, numbers as people write them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from crossdock.ledger.ids import written
from crossdock.ledger.times import moment
from crossdock.monitoring.phrases import recognised
from crossdock.workbench import assets
from crossdock.workbench.layout import business_zone
from crossdock.workbench.place import place
from crossdock.workbench.spans import day_of, left
from crossdock.workbench.wording import WORDS

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """The URL of a static file with its version, so that browsers keep it for ever."""
    return assets.url(name)


def _moment(value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    return value if isinstance(value, datetime) else moment(int(value))


@register.filter
def when(value: Any) -> SafeString | str:
    """A time (datetime or microseconds since 1970) in the viewer's zone, with the business zone beside it where that differs."""
    at = _moment(value)
    if at is None:
        return ""
    here = timezone.localtime(at)
    there = at.astimezone(ZoneInfo(business_zone()))
    shown = f"{day_of(here)} {here:%H:%M:%S}"
    if here.utcoffset() == there.utcoffset():
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), shown)
    day = "" if here.date() == there.date() else f"{day_of(there)} "
    return format_html(
        '<time datetime="{}">{} <span class="business-time">({}{} {})</span></time>',
        at.isoformat(), shown, day, f"{there:%H:%M}", there.tzname() or "",
    )  # fmt: skip


@register.filter
def clock(value: Any) -> SafeString | str:
    """How long it is until a time, or since it is over, with the time itself."""
    at = _moment(value)
    if at is None:
        return ""
    seconds = (at - place().clock.now()).total_seconds()
    return format_html(
        '<span class="clock{}">{}</span> <span class="quiet">{}</span>', "" if seconds >= 0 else " bad", left(seconds), when(at)
    )


@register.filter
def alert_words(text: str) -> str:
    """A sentence of an alert in the viewer's language; words of others as they are."""
    found = recognised(text)
    return text if found is None else str(gettext(found[0]) % found[1])


@register.filter
def word(name: str) -> str:
    """A step, state or outcome in the viewer's language; what is none of them as it is."""
    return str(WORDS.get(name, name))


@register.filter
def severity(name: str) -> str:
    """How bad an alert is, in words."""
    return {"critical": _("critical"), "warning": _("warning"), "info": _("notice")}.get(name, name)


@register.filter
def flow_title(name: str) -> str:
    """What people call a flow; its name when it has no title."""
    described = place().landscape.flows.get(name)
    return (described.title if described is not None else "") or name


@register.filter
def day(value: date) -> str:
    """A day as times show theirs."""
    return str(day_of(value))


@register.filter
def amount(value: Decimal) -> str:
    """A sum of money with all its digits, grouped as the viewer's language does."""
    return str(number_format(value, force_grouping=True))


@register.filter
def number(value: int | None) -> str:
    """A record's number as people see it."""
    return "" if value is None else written(int(value))
