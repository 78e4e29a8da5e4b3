"""The reference of the transports that come with Crossdock: what each can do, the credentials it takes, and every option."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

from crossdock.landscape.reference import models_of, settings_table
from crossdock.transports.base import installed, transport_kind
from crossdock.transports.protocol import Transport
from docs.generator.markdown import page, table

_INTRODUCTION = (
    "A transport carries documents to and from one partner; it is named in the partner's file and knows no document's meaning. How to set one up:",
    "[AS2 with a partner](../how-to/as2-with-a-partner.md), [an SFTP drop-box](../how-to/sftp-drop-box.md). How to write one:",
    "[the transports' README](../../src/crossdock/transports/README.md).",
    "",
    "```yaml",
    "# partners/acme.yaml",
    "transports:",
    "  as2:                       # the name agreements, polls and addresses use: POST /in/SYSTEM/as2",
    "    kind: as2",
    "    endpoint: https://as2.acme.example/receive",
    "    credentials: {key: vault:acme/as2-key, partner_certificate: file:certificates/acme.pem}",
    "    options: {our_name: HUB, their_name: ACME}",
    "```",
)


def _describe(name: str, kind: type[Transport]) -> Iterator[str]:
    can = kind.capabilities
    rows = [
        ("sends", "yes" if can.sends else "no"),
        ("comes in by", ", ".join(n for n, there in (("requests", can.receives), ("polls", can.collects)) if there) or "nothing"),
        ("the partner proves that it has a document", "yes" if can.receipts else "no"),
        ("whether a document arrived can be found out for certain", "yes" if can.finds else "no, or only where options say so"),
    ]
    yield from ("", f"## {name}", "", cleandoc(kind.__doc__ or kind.title).partition("\n\n")[0].replace("\n", " "), "")
    yield from table(("it", ""), rows)
    for model in models_of(kind.Options):
        title = "### Options" if model is kind.Options else f"#### {model.__name__}"
        yield from ("", title, "", cleandoc(model.__doc__ or ""), "", *settings_table(model, top=False))


def transports_page() -> str:
    """`docs/reference/transports.md`."""
    lines = list(_INTRODUCTION)
    for name in sorted(installed()):
        kind = transport_kind(name)
        if kind.__module__.startswith("crossdock."):
            lines += _describe(name, kind)
    return page("Transports", *lines)
