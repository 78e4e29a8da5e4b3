"""The reference of the connectors that come with Crossdock: what each can do and every option it takes."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

from crossdock.connectors.cli import Found, find_connectors
from crossdock.landscape.reference import models_of, settings_table
from docs.generator.everything import ROOT
from docs.generator.markdown import codes, page, table


def ours() -> list[Found]:
    """The connectors of this package."""
    return [each for each in find_connectors() if each.package.startswith("crossdock ")]


def _describe(found: Found) -> Iterator[str]:
    connector = found.connector
    assert connector is not None, found.problem
    can = connector.capabilities
    rows = [
        ("carries out", codes(sorted(can.commands))),
        ("of these, safe to send again by construction", codes(sorted(can.repeatable))),
        ("maps topics", codes(sorted(can.topics))),
        ("answers questions", codes(sorted(can.questions))),
        (
            "ways in",
            ", ".join(
                n for n, there in (("webhooks", can.receives), ("polls", can.polls), ("snapshots", can.snapshots)) if there
            ),
        ),
        ("commands in one call", str(can.batch)),
        ("follows by polling", ", ".join(f"`{command}` on `{channel}`" for command, channel in sorted(can.follows.items()))),
        ("mapping version", connector.mapping_version),
    ]
    yield from (
        "",
        f"## {found.name}",
        "",
        cleandoc(connector.__doc__ or connector.title).partition("\n\n")[0].replace("\n", " "),
        "",
    )
    folder = connector.__module__.split(".")[2]
    if (ROOT / "connectors" / folder / "README.md").exists():
        yield from (f"More: [its README](../../src/crossdock/connectors/{folder}/README.md).", "")
    yield from table(("it", ""), [row for row in rows if row[1]])
    for model in models_of(connector.Options):
        title = "### Options" if model is connector.Options else f"#### {model.__name__}"
        yield from ("", title, "", cleandoc(model.__doc__ or ""), "", *settings_table(model, top=False))


def connectors_page() -> str:
    """`docs/reference/connectors.md`."""
    lines = [
        "`crossdock connector list` says the same of your environment, with the connectors you installed besides. What the commands carry is",
        "on [the page of commands](commands.md); how to write a connector of your own, in [the how-to](../how-to/write-a-connector.md).",
    ]
    for found in ours():
        lines += _describe(found)
    return page("Connectors", *lines)
