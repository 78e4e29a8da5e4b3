"""What may be asked of capacity on its page; the API checks by the same bounds."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from crossdock.workbench.capacity.service import Asked


class CapacityForm(forms.Form):
    """When the next peak is, how much the business says comes on top, and how many workers run; a month, nothing and one when not said."""

    ahead = forms.FloatField(label=_("Days until the next peak"), required=False, min_value=0, max_value=730)
    factor = forms.FloatField(label=_("Times the usual then"), required=False, min_value=0.1, max_value=1000)
    workers = forms.IntegerField(label=_("Workers that run"), required=False, min_value=1, max_value=1024)

    @property
    def asked(self) -> Asked:
        """What a valid form asks."""
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        return Asked(**given)
