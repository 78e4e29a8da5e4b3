"""The reference of errors: every code with its family, its message and what to do."""

from __future__ import annotations

from inspect import cleandoc

from crossdock.core.errors import CrossdockError, all_errors
from docs.generator.everything import import_all
from docs.generator.markdown import page, table

FAMILIES = {
    "rejected": "It can never succeed as it is. A person gets it; the hub does not repeat it.",
    "deferred": "It may succeed later. The hub repeats it within its retry budget; nobody has to do anything.",
    "uncertain": "The effect may have happened. The hub asks the target before anything else; do not repeat it by hand.",
    "misconfigured": "A system cannot be used as it is configured. Its channel is parked, its owner is told once, what waits goes on by itself.",
}
STATUS = [
    ("202", "the message is stored durably", "nothing; keep the `id` or `correlation` for questions"),
    ("200", "the hub has this very message already (`duplicate`)", "nothing; it has no second effect"),
    (
        "400, 401, 404, 413, 415, 422",
        "refused; `code` says why, the refused bytes are kept (bounded)",
        "read `hint`, send it again corrected",
    ),
    ("400 `receive.incomplete`, 408", "the body did not come whole, or not in time; nothing of it is kept", "send it again"),
    ("405", "another method than POST", "send with POST"),
    ("503", "not stored now: backlog too long, or the ledger is away", "send it again after `Retry-After` seconds"),
    ("504", "a question (`/ask`) was not answered in time and its flow has no fallback", "ask again later"),
]


def kinds() -> list[type[CrossdockError]]:
    """Every class of the tree except its root, by code."""
    import_all()
    return sorted((kind for kind in all_errors() if kind is not CrossdockError), key=lambda kind: (kind.code, kind.__name__))


def anchor(code: str) -> str:
    """Where a code is on the page: the anchor GitHub and others give a heading."""
    return code.replace(".", "").replace("`", "")


def errors_page() -> str:
    """`docs/reference/errors.md`."""
    found = kinds()
    lines = [
        "Every failure has one of these codes. They are stable: build on them in alerts and scripts. You see them in `crossdock exceptions list`,",
        "in logs, in the metric `crossdock_exceptions_total`, and in the answers of the hub's door, which are problem details (RFC 9457) with",
        "`code`, `detail`, `hint` and `type` `urn:crossdock:error:<code>`.",
        "",
        "## Families",
        "",
        *table(("family", "means"), FAMILIES.items()),
        "",
        "## What the door answers",
        "",
        *table(("status", "means", "the sender should"), STATUS),
        "",
        "## Codes",
        "",
        *table(
            ("code", "family", "message"),
            ((f"[`{k.code}`](#{anchor(k.code)})", k.family, k.summary().rstrip(".")) for k in found),
        ),
    ]
    for kind in found:
        more = cleandoc(kind.__doc__ or "").splitlines()[1:]
        lines += ["", f"### {kind.code}", "", f"*{kind.family}.* {kind.summary()}", "", f"**What to do:** {kind.hint}"]
        if any(more):
            lines += ["", " ".join(line.strip() for line in more if line.strip())]
    return page("Errors", *lines)
