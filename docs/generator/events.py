"""The reference of canonical events and objects, with their versions and fields."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

from pydantic import BaseModel

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import EVENT_PAYLOADS
from crossdock.canonical.questions import QUESTIONS
from crossdock.canonical.schema import objects
from crossdock.landscape.reference import kind_of, models_of
from docs.generator.markdown import page, table


def first_sentence(kind: type[BaseModel]) -> str:
    """What an object is, in a sentence."""
    return cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _link(kind: type[Canonical]) -> str:
    return f"[`{kind.schema_name}`](#{kind.schema_name}) {kind.schema_version}"


def events_page() -> str:
    """`docs/reference/events.md`."""
    published = objects()
    names = {kind.__name__: name for name, kind in published.items()}
    parts = {inner.__name__: inner for kind in published.values() for inner in models_of(kind) if inner.__name__ not in names}

    def kind_words(annotation: object) -> str:
        words = kind_of(annotation)
        for title, name in names.items():
            words = words.replace(f"[{title}](#{title.lower()})", f"[{name}](#{name})")
        return words

    def fields(kind: type[BaseModel]) -> Iterator[str]:
        rows = [
            (f"`{info.alias or field}`", kind_words(info.annotation), "yes" if info.is_required() else "", info.description or "")
            for field, info in kind.model_fields.items()
        ]
        return table(("field", "type", "required", "meaning"), rows)

    lines = [
        "Whatever a partner sends becomes one of these events before anything is decided. They leave the hub in the same form, as CloudEvents.",
        "The JSON Schemas are in [`schemas/`](schemas/). Versions are `major.minor`: a reader of `1.0` reads every `1.x`.",
        "",
        "## Events",
        "",
        *table(("event", "payload", "payload is"), ((f"`{e}`", _link(k), first_sentence(k)) for e, k in EVENT_PAYLOADS.items())),
        "",
        "## Questions",
        "",
        "Asked at `POST /ask/<flow>/<system>` and answered while the asker waits.",
        "",
        *table(("question", "asked with", "answered with"), ((f"`{n}`", _link(a), _link(b)) for n, (a, b) in QUESTIONS.items())),
        "",
        "## Objects",
        "",
        "Amounts and quantities are decimals, in JSON as texts. Times carry their zone; the hub keeps UTC.",
    ]
    for name, kind in published.items():
        lines += ["", f"### {name}", "", f"Version {kind.schema_version}. {cleandoc(kind.__doc__ or '')}", "", *fields(kind)]
    for name, part in parts.items():
        lines += ["", f"### {name}", "", cleandoc(part.__doc__ or ""), "", *fields(part)]
    return page("Canonical events and objects", *lines)
