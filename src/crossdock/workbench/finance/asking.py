"""What may be asked of finance: the fields of its forms, which the API checks by the same rules; reads no ledger."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crossdock.workbench.finance.service import DAYS, GRACE, LONGEST, Period, last_month, today


def _day_field(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class CarriersForm(forms.Form):
    """A period and a carrier; the month before when nothing is said."""

    begin = _day_field(_("Issued from"))
    end = _day_field(_("Until"))
    carrier = forms.CharField(label=_("Carrier"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        otherwise = last_month()
        begin, end = data.get("begin") or otherwise.begin, data.get("end") or otherwise.end
        if not 0 <= (end - begin).days < LONGEST:
            raise forms.ValidationError(_("A period ends after it begins, and lasts a year at most."))
        self.period = Period(begin, end)
        return data

    @property
    def carrier_wanted(self) -> str:
        """The carrier's name; empty is all."""
        return str(self.cleaned_data.get("carrier") or "").strip()


class ProofForm(forms.Form):
    """Up to which day, how far back, and how many days the other side has."""

    day = _day_field(_("Judged up to"))
    days = forms.IntegerField(label=_("Days back"), required=False, min_value=1, max_value=LONGEST)
    grace = forms.IntegerField(label=_("Days of grace"), required=False, min_value=0, max_value=60)

    @property
    def asked(self) -> tuple[date, int, int]:
        """Day, days and grace."""
        data = self.cleaned_data
        grace = data.get("grace")
        return data.get("day") or today(), data.get("days") or DAYS, GRACE if grace is None else grace
