"""The wizard: a new partner's files, and each partner's tests, checklist and state."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crossdock.core.errors import CrossdockError
from crossdock.landscape.partner_templates import CannotMake, templates
from crossdock.pipeline.onboarding import PartnerUnknown
from crossdock.security.roles import Permission
from crossdock.workbench.onboarding import service
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.place import place
from crossdock.workbench.recording import record

ITEMS = {
    "identifiers": gettext_lazy("Identifiers"),
    "contacts": gettext_lazy("Contacts"),
    "sla": gettext_lazy("Clocks (SLA)"),
    "exception_owner": gettext_lazy("Owner of exceptions"),
    "transport": gettext_lazy("Transport test"),
    "certification": gettext_lazy("Certification run"),
    "drill": gettext_lazy("Drill held"),
    "state": gettext_lazy("State"),
}
STATES = {
    "draft": gettext_lazy("draft"),
    "testing": gettext_lazy("testing"),
    "live": gettext_lazy("live"),
    "suspended": gettext_lazy("suspended"),
}
OUTCOMES = {**STATES, "passed": gettext_lazy("passed"), "failed": gettext_lazy("failed")}


class NewForm(forms.Form):
    """What a new partner's files are made of."""

    template = forms.ChoiceField(label=gettext_lazy("Template"))
    name = forms.SlugField(label=gettext_lazy("Name (small letters, digits, hyphens)"), max_length=63)
    title = forms.CharField(label=gettext_lazy("Name for people"), max_length=100, required=False)
    identifier = forms.CharField(label=gettext_lazy("Its identifier in envelopes"), max_length=15, required=False)
    ours = forms.CharField(label=gettext_lazy("What it calls us"), max_length=15, required=False)
    email = forms.EmailField(label=gettext_lazy("Mail of its desk"), required=False)
    owner = forms.ChoiceField(label=gettext_lazy("Team that answers for it"))

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.fields["template"].choices = [(each.name, f"{each.title} ({each.standard})") for each in templates()]
        self.fields["owner"].choices = [(name, name) for name in place().landscape.teams]


@page(Permission.PARTNERS_MANAGE)
def partners(request: Request) -> HttpResponse:
    """All partners with their state."""
    return render(request, "onboarding/partners.html", {"partners": [(each, STATES[each.state]) for each in service.partners()]})


@page(Permission.PARTNERS_MANAGE, "GET", "POST")
def new(request: Request) -> HttpResponse:
    """Step one: a template filled in, as files to be reviewed."""
    form = NewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        name = given.pop("name")
        try:
            content = service.files_of(name, given.pop("template"), **given)
        except CannotMake as error:
            form.add_error(None, str(error))
        else:
            record("workbench:partner:drafted", request.person.name, partner=name)
            return HttpResponse(
                content, content_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}.zip"'}
            )
    return render(request, "onboarding/new.html", {"form": form}, 400 if request.method == "POST" else 200)


@page(Permission.PARTNERS_MANAGE)
def partner(request: Request, name: str) -> HttpResponse:
    """One partner's checklist, tests and state."""
    return _shown(request, name)


def _shown(request: Request, name: str, proof: Any = None, status: int = 200) -> HttpResponse:
    try:
        found = service.standing(name)
    except PartnerUnknown:
        raise Http404 from None
    context = {
        "found": found, "one": found.partner, "state": STATES[found.partner.state], "file": STATES[found.partner.file],
        "here": STATES.get(found.partner.here, ""), "items": [(ITEMS[each.name], each) for each in found.items],
        "may": [(each, STATES[each]) for each in found.may], "proof": proof,
        "steps": [(ITEMS.get(each.step, each.step), OUTCOMES.get(each.outcome, each.outcome), each) for each in found.steps],
    }  # fmt: skip
    return render(request, "onboarding/partner.html", context, status)


@page(Permission.PARTNERS_MANAGE, "POST")
def act(request: Request, name: str, what: str) -> HttpResponse:
    """Test, confirm or move a partner; everything is recorded with its author."""
    who, reason = request.person.name, request.POST.get("reason", "").strip()[:1000]
    try:
        if what in ("transport", "certification"):
            return _shown(request, name, service.prove(name, what, who))
        if what == "drill":
            if not reason:
                messages.error(request, _("Say what was held, with whom and when."))
                return _shown(request, name, status=400)
            service.keep(name, "drill", True, {"reason": reason}, who)
        elif what == "state":
            service.move(name, request.POST.get("to", "")[:20], who, reason)
        else:
            raise Http404
    except PartnerUnknown:
        raise Http404 from None
    except CrossdockError as error:
        messages.error(request, error.message)
        return _shown(request, name, status=409)
    return HttpResponseRedirect(reverse("onboarding:partner", args=[name]))
