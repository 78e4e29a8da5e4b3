"""Fix in place: add the missing value-map entry or renew a credential, then retry what waited for it; the added entries and how they get into the landscape."""

from __future__ import annotations

import secrets
from typing import Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from crossdock.core.errors import CrossdockError
from crossdock.landscape.value_map_files import Added, line
from crossdock.ledger.inbox import Filter
from crossdock.ledger.map_entries import MapEntry, entries
from crossdock.security.roles import Permission
from crossdock.workbench.exceptions import credentials, summary
from crossdock.workbench.exceptions.acting import tell
from crossdock.workbench.exceptions.service import act_on_hub, by_number, subject_of
from crossdock.workbench.exceptions.views import now, row
from crossdock.workbench.page import Request, may, page, render, require
from crossdock.workbench.place import place

FIX: Final = Permission.EXCEPTIONS_FIX


@page(FIX, "GET", "POST")
def value_map(request: Request, number: str) -> HttpResponseBase:
    """Add the entry an exception misses."""
    each = by_number(request, number)
    require(request, FIX, subject_of(each), about=f"value map entry for {number}")
    name, missing = str(each.detail.get("map", "")), str(each.detail.get("value", ""))
    table = place().landscape.value_maps.get(name)
    if table is None or not missing:
        messages.error(request, _("No value-map entry is missing here."))
        return redirect("exceptions:detail", number)
    to_partner = each.detail.get("direction") == "to_partner"
    if request.method == "POST":
        said = request.POST.get("value", "").strip()[:255]
        reason = request.POST.get("reason", "").strip()[:1000]
        if said and reason:
            code, value = (said, missing) if to_partner else (missing, said)
            answered = act_on_hub(
                request, "map", {"map": name, "code": code, "value": value, "reason": reason, "exception": number},
                token=request.POST.get("token", "")[:64],
            )  # fmt: skip
            summary.forget()
            tell(request, _("value-map entry"), answered)
            if answered.done and may(request, Permission.EXCEPTIONS_BULK, subject_of(each)):
                return redirect(f"{plan_url('retry', Filter('active', fingerprint=each.fingerprint))}")
            return redirect("exceptions:detail", number)
        messages.error(request, _("Give the value and say why."))
    known = sorted(set(table.entries.values()) if not to_partner else set(table.entries))
    context = {
        **row(each, now()), "map": name, "title": table.title or name, "missing": missing, "to_partner": to_partner, "known": known[:500],
        "token": secrets.token_hex(8), "close": sorted(table.entries.items())[:200],
    }  # fmt: skip
    return render(request, "exceptions/value_map.html", context)


def plan_url(action: str, chosen: Filter) -> str:
    """Where a bulk job over a filter is planned."""
    from urllib.parse import urlencode

    from django.urls import reverse

    said = {name: str(value) for name, value in chosen.as_dict().items() if isinstance(value, str)}
    return f"{reverse('jobs:plan')}?{urlencode({'action': action, **said})}"


@page(FIX, "GET", "POST")
def value_maps(request: Request) -> HttpResponseBase:
    """Entries added while the hub runs: who, why, and as YAML for the landscape's git."""
    if request.method == "POST":
        # an entry holds for the whole hub: whoever takes one out must be allowed everywhere
        from crossdock.security.scope import Subject

        require(request, FIX, Subject(), about="value map entries")
        chosen = request.POST.get("entry", "")
        if chosen.isdecimal() and len(chosen) < 20 and int(chosen) < 2**63:
            tell(
                request,
                _("value-map entry"),
                act_on_hub(request, "unmap", {"entry": int(chosen)}, token=request.POST.get("token", "")[:64]),
            )
        return redirect("exceptions:value_maps")
    found = place().read(entries)
    context = {"entries": found, "files": [(name, as_yaml(name, found)) for name in dict.fromkeys(each.map for each in found)],
               "token": secrets.token_hex(8)}  # fmt: skip
    return render(request, "exceptions/value_maps.html", context)


def as_yaml(name: str, found: list[MapEntry]) -> str:
    """The added entries of a map as lines for the landscape's file, each with who made it and why."""
    return "\n".join(line(Added(each.code, each.value, each.author, each.reason)) for each in found if each.map == name)


@page(FIX)
def export_value_maps(request: Request) -> HttpResponse:
    """All added entries as YAML by file."""
    found = place().read(entries)
    parts = [
        f"# value-maps/{name}.yaml, under `entries:`\n{as_yaml(name, found)}\n"
        for name in dict.fromkeys(each.map for each in found)
    ]
    answer = HttpResponse("\n".join(parts), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="value-map-entries.yaml"'
    return answer


@page(FIX, "GET", "POST")
def credential(request: Request, number: str) -> HttpResponseBase:
    """Renew the credential of a system; what is typed goes into the folder of secrets and is never shown."""
    each = by_number(request, number)
    require(request, FIX, subject_of(each), about=f"credential for {number}")
    status = 200
    if request.method == "POST":
        given = request.POST
        value, reason = given.get("value", "").strip(), given.get("reason", "").strip()[:1000]
        try:
            if not value or not reason:
                raise ValueError(_("Give the credential and say why."))
            answered = credentials.renew(request, each, given.get("purpose", ""), value, reason, given.get("token", "")[:64])
        except (CrossdockError, ValueError) as error:
            messages.error(request, str(error))
            status = 422
        else:
            summary.forget()
            messages.success(request, _("The credential is stored; it is used from the next call on."))
            tell(request, "unpark", answered)
            return redirect("exceptions:detail", number)
    vault = place().landscape.environment.vault
    known = credentials.credentials(each.system)
    context = {
        **row(each, now()), "system": each.system, "credentials": known, "may_store": any(one.writable for one in known),
        "vault": vault.kind, "folder": str(vault.secrets), "token": secrets.token_hex(8),
    }  # fmt: skip
    return render(request, "exceptions/credential.html", context, status)
