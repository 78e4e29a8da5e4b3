"""Forms of the pages about accounts; what they offer comes from the landscape."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crossdock.security.roles import NARROW, Permission, Role
from crossdock.security.scope import Scope
from crossdock.workbench.place import place
from crossdock.workbench.wording import PERMISSIONS, ROLES

NEW = {"autocomplete": "new-password"}


class First(forms.Form):
    """The first administrator."""

    username = forms.CharField(
        label=_("Name to sign in with"),
        max_length=150,
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none"}),
    )
    full_name = forms.CharField(
        label=_("Your name"), max_length=150, required=False, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = forms.EmailField(label=_("E-mail address"), required=False)
    password = forms.CharField(label=_("Password, 12 characters or more"), strip=False, widget=forms.PasswordInput(NEW))


class Welcome(forms.Form):
    """A new password by an invitation."""

    password = forms.CharField(label=_("Password, 12 characters or more"), strip=False, widget=forms.PasswordInput(NEW))
    again = forms.CharField(label=_("The password again"), strip=False, widget=forms.PasswordInput(NEW))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        return data


def _choices(names: Any) -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(names)]


class RoleForm(forms.Form):
    """A role and where it holds."""

    role = forms.ChoiceField(label=_("Role"), choices=lambda: [(role.value, ROLES[role]) for role in Role])
    flows = forms.MultipleChoiceField(label=_("Only flows"), required=False, choices=lambda: _choices(place().landscape.flows))
    systems = forms.MultipleChoiceField(
        label=_("Only partners and systems"), required=False, choices=lambda: _choices(place().landscape.systems)
    )
    regions = forms.MultipleChoiceField(
        label=_("Only regions"), required=False, choices=lambda: _choices(place().landscape.hub.regions)
    )
    data_classes = forms.MultipleChoiceField(
        label=_("Only data classes"), required=False, choices=lambda: _choices(place().landscape.policies.data_classes)
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("role") in {role.value for role in NARROW} and not data.get("systems"):
            self.add_error("systems", _("The role of a supplier or customer needs their system: choose it below."))
        return data

    def scope(self) -> Scope:
        """The chosen limits."""
        chosen = (frozenset(self.cleaned_data[name]) for name in ("flows", "systems", "regions", "data_classes"))
        return Scope(*chosen)


class AccountForm(RoleForm):
    """A new account with its first role."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[("person", _("A person")), ("service", _("A service (has API keys)"))])
    username = forms.CharField(
        label=_("Name"), max_length=150, widget=forms.TextInput({"autocapitalize": "none", "autocomplete": "off"})
    )
    full_name = forms.CharField(label=_("Full name"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail address"), required=False)
    field_order = ("kind", "username", "full_name", "email", "role", "flows", "systems", "regions", "data_classes")


class TeamsForm(forms.Form):
    """Teams of a person."""

    teams = forms.MultipleChoiceField(
        label=_("Teams"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: _choices(place().landscape.hub.teams),
    )


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(label=_("What it is for"), max_length=100, required=False)
    scopes = forms.MultipleChoiceField(
        label=_("May only (nothing chosen: all its roles grant)"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: [(each.value, PERMISSIONS[each]) for each in Permission if each is not Permission.OWN_ACCOUNT],
    )
    days = forms.IntegerField(label=_("Days until it expires"), min_value=1, max_value=3650, initial=365)
    rate = forms.IntegerField(label=_("Requests a minute"), min_value=1, max_value=100_000, initial=600)

    def lives(self) -> timedelta:
        """How long it opens the API."""
        return timedelta(days=int(self.cleaned_data["days"]))
