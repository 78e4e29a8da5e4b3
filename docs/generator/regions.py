"""The reference of what leaves a region: the allow-list of its reports, place by place."""

from __future__ import annotations

from crossdock.coordination.allowed import ALLOWED, LISTED, OTHER
from docs.generator.markdown import page, table


def region_report_page() -> str:
    """`docs/reference/region-report.md`."""
    places = (
        (f"`{'.'.join(path)}`", leaf.title, "where policies allow it" if leaf.money else "yes") for path, leaf in ALLOWED.items()
    )
    return page(
        "What a region tells the coordinator",
        "A region's hub tells the coordinator this and nothing else; a place that is not here, or another value in it, cannot be encoded, and the",
        "coordinator refuses it too. Names are those of the reviewed landscape; any other is told as "
        f"`{OTHER}`. `*` is each entry of a list (at most {LISTED}).",
        "`crossdock regions report` prints what would be told now. See [how to run several regions](../how-to/run-several-regions.md).",
        "",
        *table(("place", "may be", "told"), places),
    )
