"""`crossdock client`: partners' programs that get access tokens of this hub; lists them and withdraws them. No token is ever shown."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from crossdock.cli.output import Exit, errors, iso, out, refused, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger
from crossdock.cli.terminal import shown

app = typer.Typer(
    name="client",
    help="Programs of partners that get access tokens (OAuth 2.0): list, revoke. Example: crossdock client revoke acme-erp --reason lost",
    no_args_is_help=True,
)
NODE = 1023


@app.command("list")
def list_(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """The clients of the landscape: whose they are, for which systems they speak, how many tokens count, whether they are revoked."""
    with errors(as_json):
        from crossdock.ledger import tokens
        from crossdock.ledger.times import micros, moment

        landscape = landscape_at(path, environment)
        with ledger(path, environment) as store:
            now = micros(datetime.now(UTC))
            counted = store.read.run(lambda s: tokens.counted(s, now))
            revoked = {each.client: each for each in store.read.run(tokens.revocations)}
        found = [
            {
                "client": name, "partner": partner, "proves_itself_by": "secret" if client.secret else "keys",
                "systems": list(client.systems or described.systems), "tokens": counted.get(name, 0),
                "revoked_at": iso(revoked[name].revoked_at) if name in revoked else None,
                "reason": revoked[name].reason if name in revoked else None,
            }
            for partner, described in sorted(landscape.partners.items())
            for name, client in sorted(described.clients.items())
        ]  # fmt: skip
        if as_json:
            say_json({"clients": found})
            return
        rows = [
            (
                name, partner, "secret" if client.secret else "keys", " ".join(client.systems or described.systems), counted.get(name, 0),
                f"{moment(revoked[name].revoked_at):%Y-%m-%d %H:%M}" if name in revoked else "",
            )
            for partner, described in sorted(landscape.partners.items())
            for name, client in sorted(described.clients.items())
        ]  # fmt: skip
        table("", ("client", "partner", "by", "systems", "tokens", "revoked"), rows)


@app.command()
def revoke(
    client: Annotated[str, typer.Argument(help="The client's id, as the partner's file has it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")],
    path: Place = HERE,
    environment: Env = None,
    lift: Annotated[bool, typer.Option("--lift", help="End the revocation: the client may get new tokens.")] = False,
    as_json: Json = False,
) -> None:
    """Withdraw a client at once: within seconds no worker takes its tokens, and it gets no new ones."""
    with errors(as_json):
        from crossdock.core.clock import SystemClock
        from crossdock.ledger import tokens
        from crossdock.ledger.ids import Numbers
        from crossdock.ledger.times import micros

        landscape = landscape_at(path, environment)
        if not any(client in partner.clients for partner in landscape.partners.values()):
            raise refused(f"the landscape has no client {client!r}; `crossdock client list` shows them", as_json, Exit.USAGE)
        change = tokens.lift if lift else tokens.revoke
        author, numbers = f"{getpass.getuser()} (command line)", Numbers(SystemClock(), NODE)
        with ledger(path, environment) as store:
            store.work.run(lambda s: change(s, numbers, client, author, reason, micros(datetime.now(UTC))))
        if as_json:
            say_json({"lifted" if lift else "revoked": client})
        elif lift:
            out.print(f"{shown(client)} may get access tokens again")
        else:
            out.print(f"{shown(client)} is revoked: its tokens count no more, on any worker, within seconds")
