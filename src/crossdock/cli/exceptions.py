"""`crossdock exceptions`: what people have to look at, and what they may do about it."""

from __future__ import annotations

import getpass
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from crossdock.cli.output import Exit, age, err, errors, iso, lines, out, refused, say_json
from crossdock.cli.place import HERE, Env, Json, Place, ledger
from crossdock.cli.terminal import shown
from crossdock.core.clock import SystemClock
from crossdock.core.errors import PayloadLost
from crossdock.ledger.ids import Numbers, read, written
from crossdock.ledger.people import OpenException, exceptions_by_id, instruct, list_exceptions, results
from crossdock.ledger.states import ExceptionState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros

if TYPE_CHECKING:
    from crossdock.ledger.trace import Received

EXCERPT = 2_000
"""Bytes of a message shown with its exception."""

app = typer.Typer(name="exceptions", help="List, show, retry and resolve what needs a person.", no_args_is_help=True)

Numbered = Annotated[list[str], typer.Argument(help="Numbers of exceptions, as `list` shows them.", metavar="NUMBER...")]
Note = Annotated[str, typer.Option("--note", help="Why; kept in the audit trail.")]
Code = Annotated[str, typer.Option("--code", help="Only this error code.")]
System = Annotated[str, typer.Option("--system", help="Only this system.")]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for the running hub to carry it out.", min=0)]


def _where(code: str = "", system: str = "", flow: str = "", key: str = "", owner: str = "") -> dict[str, str]:
    given = {"code": code, "system": system, "flow": flow, "key": key, "owner": owner}
    return {name: value for name, value in given.items() if value}


def _plain(each: OpenException) -> dict[str, Any]:
    return {
        "number": written(each.id), "code": each.code, "family": each.family, "message": each.message, "step": each.step,
        "system": each.system, "flow": each.flow, "key": each.key, "owner": each.owner, "state": ExceptionState(each.state).name.lower(),
        "subject": each.subject, "subject_number": written(each.subject_id), "fingerprint": each.fingerprint,
        "occurrences": each.occurrences, "created_at": iso(each.created_at), "updated_at": iso(each.updated_at), "due": iso(each.due),
        "detail": each.detail, "actions": each.actions, "resolution": each.resolution, "note": each.note, "resolved_by": each.resolved_by,
    }  # fmt: skip


@app.command("list")
def list_(
    path: Place = HERE,
    environment: Env = None,
    code: Code = "",
    system: System = "",
    flow: Annotated[str, typer.Option("--flow", help="Only this flow.")] = "",
    key: Annotated[str, typer.Option("--key", help="Only this business key.")] = "",
    owner: Annotated[str, typer.Option("--owner", help="Only this team.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """The newest open exceptions."""
    with errors(as_json), ledger(path, environment) as store:
        where = _where(code, system, flow, key, owner)
        found = store.read.run(lambda s: list_exceptions(s, open_only=not everything, limit=limit, where=where))
        if as_json:
            say_json([_plain(each) for each in found])
            return
        if not found:
            out.print("no exceptions" if everything else "no open exceptions")
            return
        now = datetime.now(UTC)
        rows = [
            (
                [written(e.id), shown(e.code), shown(e.key or e.system)[:40], shown(e.owner or "nobody"), age(e.created_at, now)],
                e.message[:160],
            )
            for e in found
        ]
        lines(("number", "code", "about", "owner", "age"), rows)


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="Number of the exception.")],
    path: Place = HERE,
    environment: Env = None,
    payload: Annotated[
        bool, typer.Option("--payload", help="Write only the message it is about, byte for byte as it was received.")
    ] = False,
    as_json: Json = False,
) -> None:
    """One exception with its detail, the message it is about, what to do, and what may be chosen."""
    with errors(as_json), ledger(path, environment) as store:
        from crossdock.ledger.trace import received

        [each] = _some(store, [number], as_json)
        message = store.read.run(lambda session: received(session, each.subject, each.subject_id))
        if payload:
            _write(store, path, message)
            return
        if as_json:
            say_json(_plain(each))
            return
        out.print(f"[bold]{shown(each.message)}[/] [dim]({each.code})[/]")
        out.print(f"  {shown(each.detail.get('hint', ''))}")
        for name, value in _plain(each).items():
            if value not in ("", None, [], {}) and name not in ("message", "detail", "code", "fingerprint"):
                out.print(f"  {name:15} {_readable(name, value)}")
        for name, value in each.detail.items():
            if name != "hint":
                _detail(name, value)
        if message is not None:
            _received(message, number)
        if each.key:
            out.print(f"  story: crossdock trace {shown(each.key)}", style="dim")


def _readable(name: str, value: Any) -> str:
    if name.endswith("_at") or name == "due":
        return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return shown(", ".join(map(str, value)) if isinstance(value, list) else value)


def _detail(name: str, value: Any) -> None:
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        out.print(f"  {shown(name)}:")
        for item in value:
            known = [shown(item[part]) for part in ("path", "message") if item.get(part)]
            out.print(f"    {': '.join(known) or shown(item)}")
    else:
        out.print(f"  {shown(name):15} {shown(value)}")


def _received(message: Received, number: str) -> None:
    if message.claim:
        out.print(f"  received        {message.size} bytes, kept outside the database ({message.claim})")
    else:
        text = message.body[:EXCERPT].decode("utf-8", "replace")
        out.print(f"  received        {message.size} bytes of {shown(message.content_type) or 'no stated type'}")
        out.print("    " + escape(text.replace("\n", "\n    ")), style="dim", soft_wrap=True)
    if message.claim or message.size > EXCERPT:
        out.print(f"    all of it: crossdock exceptions show {number} --payload", style="dim")


def _write(store: Store, path: Path, message: Received | None) -> None:
    if message is None:
        err.print("This exception is about no message; `crossdock trace` shows what was sent.")
        raise typer.Exit(Exit.FAILED)
    body = message.body
    if message.claim:
        from crossdock.pipeline.claims import claims_at

        try:
            body = claims_at(store.location, path).get(message.claim)
        except KeyError:
            raise PayloadLost from None
    sys.stdout.buffer.write(body)


def _some(store: Store, numbers: list[str], as_json: bool) -> list[OpenException]:
    try:
        ids = [read(text) for text in numbers]
    except ValueError:
        raise refused("That is no number of an exception; `crossdock exceptions list` shows them.", as_json, Exit.USAGE) from None
    found = store.read.run(lambda s: exceptions_by_id(s, ids))
    missing = [text for text, number in zip(numbers, ids, strict=True) if number not in found]
    if missing:
        raise refused(f"There is no exception {', '.join(missing)}.", as_json)
    return [found[number] for number in ids]


def _ask(store: Store, kind: str, chosen: list[OpenException], data: dict[str, Any], wait: float, as_json: bool) -> None:
    """Ask the hub and say what became of it: of a retry not that it was tried, but whether it helped."""
    clock_ = SystemClock()
    numbers = Numbers(clock_, 1023)
    author = f"{getpass.getuser()}@cli"
    at = micros(clock_.now())
    asked = store.work.run(lambda s: instruct(s, numbers, kind, chosen, data, author, at))
    by_instruction = dict(zip(asked, chosen, strict=True))
    until = time.monotonic() + wait
    done: dict[int, dict[str, Any]] = {}
    while len(done) < len(asked):
        done = store.read.run(lambda s: results(s, asked))
        if time.monotonic() >= until:
            break
        time.sleep(0.05)
    report = [
        {"number": written(by_instruction[i].id), **(done.get(i) or {"done": False, "why": "the hub has not carried it out yet"})}
        for i in asked
    ]
    if kind == "retry":
        tried = [by_instruction[i] for i in asked if done.get(i, {}).get("done")]
        came = _came(store, tried, until)
        report = [{**row, **came.get(row["number"], {})} for row in report]
    if as_json:
        say_json(report)
    else:
        for row in report:
            out.print(f"{row['number']}: {shown(row.get('outcome') or 'done') if row['done'] else shown(row.get('why'))}")
        if not done and asked:
            out.print("It is recorded; the hub carries it out as soon as it runs.", style="dim")
    if any(not row["done"] for row in report):
        raise typer.Exit(Exit.FAILED)


def _came(store: Store, tried: list[OpenException], until: float) -> dict[str, dict[str, Any]]:
    """What came of retries, by number: waited for until it is known or the time is over."""
    while True:
        now = store.read.run(lambda s: exceptions_by_id(s, [each.id for each in tried]))
        found = {written(each.id): _outcome(each, now.get(each.id)) for each in tried}
        if time.monotonic() >= until or all(one.get("outcome") != _TRYING for one in found.values()):
            return found
        time.sleep(0.05)


_TRYING = "it is being tried again"


def _outcome(before: OpenException, now: OpenException | None) -> dict[str, Any]:
    if now is None or now.state == ExceptionState.RESOLVED:
        return {"outcome": "done"}
    if now.state == ExceptionState.RETRYING or now.occurrences == before.occurrences:
        return {"outcome": _TRYING}
    return {"done": False, "why": f"it failed again: {now.message}"}


@app.command()
def retry(
    numbers: Annotated[list[str] | None, typer.Argument(help="Numbers of exceptions.", metavar="[NUMBER...]")] = None,
    path: Place = HERE,
    environment: Env = None,
    code: Code = "",
    system: System = "",
    everything: Annotated[bool, typer.Option("--all", help="All open ones that fit the filters.")] = False,
    note: Note = "",
    wait: Wait = 5.0,
    as_json: Json = False,
) -> None:
    """Try again. What may have happened already (uncertain) is not retried: resolve it."""
    with errors(as_json), ledger(path, environment) as store:
        if numbers:
            chosen = _some(store, numbers, as_json)
        elif everything or code or system:
            chosen = store.read.run(lambda s: list_exceptions(s, limit=10_000, where=_where(code, system)))
        else:
            raise refused("Name exceptions by number, or choose them by --code, --system or --all.", as_json, Exit.USAGE)
        _ask(store, "retry", chosen, {"note": note}, wait, as_json)


@app.command()
def resolve(
    numbers: Numbered,
    path: Place = HERE,
    environment: Env = None,
    code: Annotated[
        str, typer.Option("--code", help="Resolution code: duplicate, corrected, obsolete, done_by_hand, …")
    ] = "resolved",
    note: Note = "",
    happened: Annotated[
        bool | None,
        typer.Option("--happened/--did-not-happen", help="For an uncertain effect: what you found out at the target."),
    ] = None,
    action: Annotated[str, typer.Option("--action", help="One of the actions a process offers.")] = "",
    data: Annotated[str, typer.Option("--data", help="JSON the action needs.")] = "{}",
    wait: Wait = 5.0,
    as_json: Json = False,
) -> None:
    """Close exceptions with a reason; for an uncertain effect say what really happened, for a process's question choose an action."""
    with errors(as_json), ledger(path, environment) as store:
        import orjson

        chosen = _some(store, numbers, as_json)
        try:
            given = orjson.loads(data)
        except ValueError:
            raise refused("--data is not JSON.", as_json, Exit.USAGE) from None
        if action:
            _ask(store, "decide", chosen, {"action": action, "note": note, "data": given}, wait, as_json)
            return
        content = {"code": code, "note": note} | ({} if happened is None else {"happened": happened, "ack": given})
        _ask(store, "resolve", chosen, content, wait, as_json)
