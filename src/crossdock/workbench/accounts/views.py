"""Pages about accounts: one's own, and for administrators everybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from crossdock.core.errors import CrossdockError
from crossdock.security.roles import GRANTS, Permission, Role
from crossdock.workbench.accounts import lockout, models, service
from crossdock.workbench.accounts.forms import AccountForm, KeyForm, RoleForm, TeamsForm
from crossdock.workbench.accounts.models import User
from crossdock.workbench.page import Request, page, render
from crossdock.workbench.recording import record
from crossdock.workbench.wording import PERMISSIONS, ROLES


def account_of(number: int) -> User:
    """An account by number. Raises Http404."""
    found = User.objects.filter(pk=number).prefetch_related("grants", "keys").first()
    if found is None:
        raise Http404
    return found


def shown_grants(user: User) -> list[dict[str, Any]]:
    """Roles of an account as pages show them."""
    return [
        {"row": grant, "role": ROLES.get(Role(grant.role)) if grant.role in set(Role) else grant.role,
         "limits": [*grant.flows, *grant.systems, *grant.regions, *grant.data_classes]}
        for grant in user.grants.all()
    ]  # fmt: skip


@page(Permission.OWN_ACCOUNT)
def me(request: Request) -> HttpResponse:
    """One's own account: roles, factors, sessions."""
    user = request.user
    granted = {permission for grant in request.person.grants for permission in GRANTS[grant.role]}
    context = {
        "account": user,
        "grants": shown_grants(user),
        "may": [PERMISSIONS[each] for each in Permission if each in granted],
        "factors": Authenticator.objects.filter(user_id=user.pk),
        "sessions": UserSession.objects.filter(user_id=user.pk).order_by("-last_seen_at"),
        "this_session": request.session.session_key,
    }
    return render(request, "accounts/me.html", context)


@page(Permission.OWN_ACCOUNT, "POST")
def end_session(request: Request) -> HttpResponseBase:
    """End one of one's own sessions, or all others."""
    own = UserSession.objects.filter(user_id=request.user.pk)
    chosen = request.POST.get("session", "")
    rows = own.filter(pk=chosen) if chosen.isdigit() else own.exclude(session_key=request.session.session_key)
    for row in rows:
        service.end_sessions(request.person, request.user, only=row.pk)
    messages.success(request, _("The session is ended."))
    return redirect("accounts:me")


@page(Permission.ACCOUNTS_MANAGE)
def people(request: Request) -> HttpResponse:
    """Everybody and every service that may come in."""
    rows = User.objects.order_by("is_service", "username").prefetch_related(
        Prefetch("grants", models.Grant.objects.order_by("pk"))
    )
    listed = [{"account": row, "grants": shown_grants(row)} for row in rows]
    return render(request, "accounts/people.html", {"people": listed, "form": AccountForm()})


@page(Permission.ACCOUNTS_MANAGE, "GET", "POST")
def add(request: Request) -> HttpResponseBase:
    """A new account."""
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = service.add(
                request.person, data["username"], full_name=data["full_name"], email=data["email"], role=Role(data["role"]),
                scope=form.scope(), service=data["kind"] == "service",
            )  # fmt: skip
        except CrossdockError as error:
            form.add_error("username", error.message)
        else:
            return redirect("accounts:person", user.pk)
    return render(request, "accounts/add.html", {"form": form})


@page(Permission.ACCOUNTS_MANAGE)
def person(request: Request, number: int) -> HttpResponse:
    """One account."""
    return shown(request, account_of(number))


def shown(request: Request, user: User, **more: Any) -> HttpResponse:
    """The page of one account."""
    context = {
        "account": user,
        "grants": shown_grants(user),
        "role_form": RoleForm(),
        "teams_form": TeamsForm(initial={"teams": user.teams}),
        "key_form": KeyForm(),
        "keys": [{"row": key, "ended": key.ended(timezone.now())} for key in user.keys.order_by("-pk")],
        "sessions": UserSession.objects.filter(user_id=user.pk).order_by("-last_seen_at"),
        "factors": Authenticator.objects.filter(user_id=user.pk),
        **more,
    }
    return render(request, "accounts/person.html", context)


def _done(request: Request, number: int, action: Callable[[User], Any], said: str) -> HttpResponseBase:
    user = account_of(number)
    try:
        action(user)
    except CrossdockError as error:
        messages.error(request, f"{error.message} {error.hint}")
    else:
        messages.success(request, said)
    return redirect("accounts:person", number)


@page(Permission.ACCOUNTS_MANAGE, "POST")
def give_role(request: Request, number: int) -> HttpResponseBase:
    """Give a role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        return shown(request, account_of(number), role_form=form)
    role, scope = Role(form.cleaned_data["role"]), form.scope()
    return _done(request, number, lambda user: service.give_role(request.person, user, role, scope), _("The role is given."))


@page(Permission.ACCOUNTS_MANAGE, "POST")
def take_role(request: Request, number: int, grant: int) -> HttpResponseBase:
    """Take a role."""
    row = models.Grant.objects.select_related("user").filter(pk=grant, user_id=number).first()
    if row is None:
        raise Http404
    return _done(request, number, lambda user: service.take_role(request.person, row), _("The role is taken."))


@page(Permission.ACCOUNTS_MANAGE, "POST")
def teams(request: Request, number: int) -> HttpResponseBase:
    """Put somebody into teams."""
    chosen = request.POST.getlist("teams")
    return _done(request, number, lambda user: service.set_teams(request.person, user, chosen), _("The teams are set."))


@page(Permission.ACCOUNTS_MANAGE, "POST")
def active(request: Request, number: int) -> HttpResponseBase:
    """Switch an account off or on."""
    on = request.POST.get("active") == "1"
    said = _("The account is switched on.") if on else _("The account is switched off; its sessions are ended.")
    return _done(request, number, lambda user: service.set_active(request.person, user, on), said)


@page(Permission.ACCOUNTS_MANAGE, "POST")
def invite(request: Request, number: int) -> HttpResponseBase:
    """A link with which somebody sets a password; shown once."""
    user = account_of(number)
    try:
        path, until = service.invite(request.person, user)
    except CrossdockError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect("accounts:person", number)
    return shown(request, user, link=request.build_absolute_uri(path), link_until=until)


@page(Permission.ACCOUNTS_MANAGE, "POST")
def unlock(request: Request, number: int) -> HttpResponseBase:
    """Let somebody try to sign in again at once."""

    def action(user: User) -> None:
        lockout.forget(user.username)
        record("workbench:account:unlocked", request.person.name, account=user.username)

    return _done(request, number, action, _("Sign-in is open again."))


@page(Permission.ACCOUNTS_MANAGE, "POST")
def forget_factors(request: Request, number: int) -> HttpResponseBase:
    """Remove somebody's second factors: the telephone is lost."""
    return _done(request, number, lambda user: service.forget_factors(request.person, user), _("The second factors are removed."))


@page(Permission.ACCOUNTS_MANAGE, "POST")
def end_sessions_of(request: Request, number: int) -> HttpResponseBase:
    """End somebody's sessions."""
    return _done(request, number, lambda user: service.end_sessions(request.person, user), _("The sessions are ended."))
