"""`crossdock user` and `crossdock key`: people, roles and keys from the command line, by the same functions as the pages."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from crossdock.cli.output import Exit, err, errors, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at
from crossdock.cli.terminal import shown
from crossdock.core.errors import LedgerUnavailable
from crossdock.security.access import Grant, Person
from crossdock.security.roles import Role
from crossdock.security.scope import EVERYTHING, Scope

if TYPE_CHECKING:
    from crossdock.workbench.accounts.models import ApiKey, User

user_app = typer.Typer(name="user", help="People and services: add, list, give roles, switch off.", no_args_is_help=True)
key_app = typer.Typer(name="key", help="API keys of services: make, list, rotate, revoke.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The account's name.")]
Flows = Annotated[list[str] | None, typer.Option("--flow", help="Only this flow; may be repeated.")]
Systems = Annotated[list[str] | None, typer.Option("--partner", "--system", help="Only this partner (system); may be repeated.")]
Regions = Annotated[list[str] | None, typer.Option("--region", help="Only this region; may be repeated.")]
Classes = Annotated[list[str] | None, typer.Option("--data-class", help="Only this data class; may be repeated.")]
Prefix = Annotated[str, typer.Argument(help="The key's prefix, as `list` shows it.")]


@contextmanager
def _open(path: Path, environment: str | None) -> Iterator[Person]:
    """The workbench's tables of a landscape's ledger, and who acts at this terminal."""
    from crossdock.cli.workbench import start_of
    from crossdock.pipeline.location import ledger_location
    from crossdock.workbench.settings import prepare

    landscape = landscape_at(path, environment)
    location = ledger_location(landscape)
    if location.path is not None and not location.path.exists():
        raise LedgerUnavailable(f"there is no ledger at {location.path} yet; start the hub first (`crossdock up`)")
    prepare(start_of(landscape, location, "127.0.0.1", "text"))
    yield Person(f"{getpass.getuser()}@cli", (Grant(Role.ADMINISTRATOR),))


_WHERE: Final = {"path": (Place, HERE), "environment": (Env, None), "as_json": (Json, False)}
_LIMITS: Final = {"flow": (Flows, None), "partner": (Systems, None), "region": (Regions, None), "data_class": (Classes, None)}


def _here(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options that say where it works and how it speaks. It is called with who acts and whether to speak JSON; where it
    takes a `Scope`, also with the limits of a role, which get options of their own."""
    own = list(signature(command, eval_str=True).parameters.values())[2:]
    narrows = any(each.annotation is Scope for each in own)
    more = {**(_LIMITS if narrows else {}), **_WHERE}

    def run(**given: Any) -> None:
        path, environment, as_json = (given.pop(name) for name in _WHERE)
        if narrows:
            given["scope"] = Scope(*(frozenset(given.pop(name) or ()) for name in _LIMITS))
        with errors(as_json), _open(path, environment) as by:
            command(by, as_json, **given)

    shown_ = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own if each.annotation is not Scope]
    shown_ += [Parameter(name, Parameter.KEYWORD_ONLY, default=usual, annotation=kind) for name, (kind, usual) in more.items()]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {each.name: each.annotation for each in shown_}
    run.__signature__ = Signature(shown_)  # type: ignore[attr-defined]
    return run


def _account(name: str) -> User:
    from crossdock.workbench.accounts.models import User

    found: User | None = User.objects.filter(username__iexact=name).first()
    if found is None:
        err.print(f"There is no account {shown(name)}; `crossdock user list` shows them.")
        raise typer.Exit(Exit.FAILED)
    return found


def _key(prefix: str) -> ApiKey:
    from crossdock.workbench.accounts.models import ApiKey

    bare = prefix.removeprefix("cdk_").split("_")[0]
    found: ApiKey | None = ApiKey.objects.select_related("service").filter(prefix=bare).first()
    if found is None:
        err.print(f"There is no key {shown(bare)}; `crossdock key list` shows them.")
        raise typer.Exit(Exit.FAILED)
    return found


def _plain(user: User) -> dict[str, Any]:
    from crossdock.workbench.accounts.service import roles_of

    return {
        "name": user.username, "full_name": user.full_name, "email": user.email, "service": user.is_service, "active": user.is_active,
        "teams": user.teams, "roles": roles_of(user), "last_sign_in": user.last_login,
    }  # fmt: skip


def _written(roles: list[dict[str, Any]]) -> str:
    parts = []
    for role in roles:
        limits = [value for name, values in role.items() if name != "role" for value in values]
        parts.append(role["role"] + (f" ({', '.join(limits)})" if limits else ""))
    return ", ".join(parts)


@user_app.command("add")
@_here
def add(
    by: Person,
    as_json: bool,
    name: Name,
    role: Annotated[Role | None, typer.Option(help="Its first role.")] = None,
    full_name: Annotated[str, typer.Option("--full-name", help="The name people read.")] = "",
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    service: Annotated[bool, typer.Option("--service", help="A service: it has API keys and never signs in.")] = False,
    team: Annotated[list[str] | None, typer.Option("--team", help="A team of the landscape; may be repeated.")] = None,
    scope: Scope = EVERYTHING,
) -> None:
    """Add a person (prints a one-time link with which they set a password) or a service."""
    from crossdock.workbench.accounts import service as accounts

    user = accounts.add(by, name, full_name=full_name, email=email, role=role, scope=scope, service=service, teams=team or ())
    link = "" if service else accounts.invite(by, user)[0]
    if as_json:
        say_json({**_plain(user), "link": link or None})
        return
    out.print(f"added {shown(user.username)} {shown(_written(accounts.roles_of(user)))}")
    if link:
        out.print(f"  link      {link}  [dim](behind the hub's address; works once, for a day)[/]", soft_wrap=True)
    else:
        out.print(f"  next      crossdock key new {shown(user.username)}")


@user_app.command("list")
@_here
def list_(by: Person, as_json: bool) -> None:
    """Everybody who may come in, with their roles."""
    from crossdock.workbench.accounts.models import User

    rows = [_plain(user) for user in User.objects.order_by("username")]
    if as_json:
        say_json(rows)
        return
    kinds = {(True, True): "service", (False, True): "person", (True, False): "service, off", (False, False): "person, off"}
    listed = [
        (row["name"], kinds[row["service"], row["active"]], _written(row["roles"]), ", ".join(row["teams"])) for row in rows
    ]
    table("", ("name", "kind", "roles", "teams"), listed)


@user_app.command("role")
@_here
def role(
    by: Person,
    as_json: bool,
    name: Name,
    role: Annotated[Role, typer.Argument(help="The role.")],
    take: Annotated[bool, typer.Option("--take", help="Take the role away, in every scope.")] = False,
    scope: Scope = EVERYTHING,
) -> None:
    """Give somebody a role, for the whole hub or a part of it; or take it."""
    from crossdock.workbench.accounts import service as accounts

    user = _account(name)
    if take:
        for row in user.grants.filter(role=role.value, origin=""):
            accounts.take_role(by, row)
    else:
        accounts.give_role(by, user, role, scope)
    if as_json:
        say_json(_plain(user))
    else:
        out.print(f"{shown(user.username)}: {shown(_written(accounts.roles_of(user)) or 'no role')}")


@user_app.command("disable")
@_here
def disable(
    by: Person,
    as_json: bool,
    name: Name,
    enable: Annotated[bool, typer.Option("--enable", help="Switch it on again.")] = False,
) -> None:
    """Switch an account off: its sessions end and its keys open nothing, at once."""
    from crossdock.workbench.accounts import service as accounts

    user = _account(name)
    accounts.set_active(by, user, enable)
    if as_json:
        say_json(_plain(user))
    else:
        out.print(f"{shown(user.username)} is switched {'on' if enable else 'off'}")


@user_app.command("link")
@_here
def link(by: Person, as_json: bool, name: Name) -> None:
    """A new one-time link with which somebody sets a password: it was forgotten, or the first link ran out. Opens a locked sign-in too."""
    from crossdock.workbench.accounts import lockout
    from crossdock.workbench.accounts import service as accounts

    user = _account(name)
    made, until = accounts.invite(by, user)
    lockout.forget(user.username)
    if as_json:
        say_json({"name": user.username, "link": made, "until": until})
    else:
        out.print(f"{made}  [dim](behind the hub's address; works once, for a day)[/]", soft_wrap=True)


@key_app.command("new")
@_here
def new(
    by: Person,
    as_json: bool,
    service: Annotated[str, typer.Argument(help="The service (`crossdock user add NAME --service`).")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="A permission such as `exceptions:see`; may be repeated. None: all its roles grant.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days until it expires.", min=1, max=3650)] = 365,
    rate: Annotated[int, typer.Option(help="Requests a minute.", min=1, max=100_000)] = 600,
) -> None:
    """Make a key of a service. It is shown once."""
    from crossdock.workbench.accounts import keys

    key, text = keys.make(by, _account(service), name=name, scopes=scope or (), lives=timedelta(days=days), rate=rate)
    _say_key(keys.told(key), text, as_json)


def _say_key(told: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        say_json({**told, "key": text})
    else:
        out.print(text, soft_wrap=True, markup=False)
        out.print("  shown once; send it as `Authorization: Bearer <key>`", style="dim")


@key_app.command("list")
@_here
def keys_(by: Person, as_json: bool) -> None:
    """All keys with their service, scopes, expiry and last use."""
    from crossdock.workbench.accounts import keys
    from crossdock.workbench.accounts.models import ApiKey

    rows = [
        {**keys.told(key), "last_used_at": key.last_used_at}
        for key in ApiKey.objects.select_related("service").order_by("service__username", "-pk")
    ]
    if as_json:
        say_json(rows)
        return
    listed = [
        (row["prefix"], row["service"], row["name"], ", ".join(row["scopes"]) or "all", (row["revoked_at"] and "revoked") or row["expires_at"],
         row["last_used_at"])
        for row in rows
    ]  # fmt: skip
    table("", ("key", "service", "for", "scopes", "expires", "last used"), listed)


@key_app.command("rotate")
@_here
def rotate(
    by: Person,
    as_json: bool,
    prefix: Prefix,
    overlap: Annotated[float, typer.Option(help="Hours the old key goes on beside the new one.", min=0)] = 24.0,
) -> None:
    """A successor with the same scopes; the old key ends after the overlap."""
    from crossdock.workbench.accounts import keys

    key, text = keys.rotate(by, _key(prefix), timedelta(hours=overlap))
    _say_key(keys.told(key), text, as_json)


@key_app.command("revoke")
@_here
def revoke(by: Person, as_json: bool, prefix: Prefix) -> None:
    """The key opens nothing any more, at once."""
    from crossdock.workbench.accounts import keys

    key = _key(prefix)
    keys.revoke(by, key)
    if as_json:
        say_json(keys.told(_key(prefix)))
    else:
        out.print(f"{shown(key.prefix)} is revoked")
