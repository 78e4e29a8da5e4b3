"""The reference of commands: every one with its arguments, options and exit codes, read from the functions behind them."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from crossdock.cli import main as entry
from crossdock.cli.output import Exit
from docs.generator.markdown import page, table

MEANING = {
    Exit.OK: "done",
    Exit.FAILED: "it failed, or it found something: an exception, a broken chain, a finding, a refused message, a difference",
    Exit.USAGE: "wrong usage, or a path that cannot be used",
    Exit.MISCONFIGURED: "misconfigured: the landscape, a credential, the ledger's URL, a port that is taken, a ledger that is in use",
    Exit.UNAVAILABLE: "a database, a hub or a system is not available now; trying again later may help",
}
KINDS = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or option as people see it."""

    name: str
    names: tuple[str, ...]
    """Spellings of an option; empty for an argument."""
    metavar: str
    default: Any
    help: str
    envvar: str
    required: bool
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Described:
    """A command: full name, help and parameters."""

    name: str
    help: str
    parameters: tuple[Parameter, ...]


def commands() -> list[Described]:
    """Every command, in the order of `--help`."""
    if not entry.app.registered_commands:
        entry._mount()
    return list(_walk("crossdock", entry.app))


def _walk(name: str, app: typer.Typer) -> Iterator[Described]:
    for command in app.registered_commands:
        function = command.callback
        assert function is not None
        own = command.name or function.__name__.replace("_", "-")
        text = command.help or function.__doc__ or ""
        yield Described(
            f"{name} {own}", re.sub(r"\[(bold|dim)?/?\]|\[/(bold|dim)\]", "", cleandoc(text)), tuple(_parameters(function))
        )
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from _walk(f"{name} {group.name or group.typer_instance.info.name}", group.typer_instance)


def _parameters(function: Any) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        kind, info = _annotated(hints[name])
        if isinstance(info, OptionInfo) and info.hidden:
            continue
        plain, repeatable = _plain(kind)
        metavar = info.metavar or ("" if plain is bool else KINDS.get(plain, "TEXT"))
        names: tuple[str, ...] = ()
        if isinstance(info, OptionInfo):
            # typer takes the first spelling for its `default` when an option is written in Annotated
            given = tuple(
                each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str) and each.startswith("-")
            )
            names = given or (f"--{name.replace('_', '-')}",)
        else:
            metavar = info.metavar or name.upper()
        default = info.show_default if isinstance(info.show_default, str) else parameter.default
        required = parameter.default is inspect.Parameter.empty
        envvar = info.envvar if isinstance(info.envvar, str) else ""
        yield Parameter(name, names, metavar, default, info.help or "", envvar, required, repeatable)


def _annotated(hint: Any) -> tuple[Any, OptionInfo | ArgumentInfo]:
    assert get_origin(hint) is Annotated, hint
    kind, *extras = get_args(hint)
    [info] = [each for each in extras if isinstance(each, OptionInfo | ArgumentInfo)]
    return kind, info


def _plain(kind: Any) -> tuple[Any, bool]:
    """The type without `| None` and `list`, and whether it may be given several times."""
    if get_origin(kind) in (Union, types.UnionType):
        [kind] = [each for each in get_args(kind) if each is not types.NoneType]
    if get_origin(kind) is list:
        return get_args(kind)[0], True
    return kind, False


def _shown(parameter: Parameter) -> str:
    if not parameter.names:
        return f"`{parameter.metavar}`"
    return ", ".join(f"`{name}`" for name in parameter.names) + (f" {parameter.metavar}" if parameter.metavar else "")


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "**required**"
    if parameter.default in (None, False, "", "{}") or parameter.default is inspect.Parameter.empty:
        return ""
    return parameter.default if parameter.default in ("here",) or " " in str(parameter.default) else f"`{parameter.default}`"


def _usage(command: Described) -> str:
    arguments = [each for each in command.parameters if not each.names]
    words = [
        command.name,
        *(each.metavar if each.required or each.metavar[0] == "[" else f"[{each.metavar}]" for each in arguments),
    ]
    if any(each.names for each in command.parameters):
        words.insert(1, "[OPTIONS]")
    return "    " + " ".join(words)


def cli_page() -> str:
    """`docs/reference/cli.md`."""
    lines = [
        "`crossdock --help` and `crossdock COMMAND --help` say the same. With `--json` a command prints one JSON document on standard output",
        'and nothing else; errors too: `{"error": {"code": …, "message": …, "hint": …}}`. Logs and explanations go to standard error.',
        "",
        "## Exit codes",
        "",
        *table(("code", "means"), ((f"`{int(code)}`", text) for code, text in MEANING.items())),
    ]
    for command in commands():
        lines += ["", f"## {command.name}", "", _usage(command), "", command.help]
        if command.parameters:
            rows = [(_shown(each), _default(each), each.help) for each in command.parameters]
            lines += ["", *table(("argument or option", "default", "meaning"), rows)]
    return page("Command line", *lines)
