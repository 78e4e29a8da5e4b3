"""Every sample of others of the types we map is mapped or refused with findings that have a place; no other exception comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossdock.core.errors import SchemaInvalid, ValueMapMissing
from crossdock.documents.mapping import find_reader
from crossdock.testing.contexts import DictValueMaps
from tests.documents.corpus import ROOT, context, documents, manifest, samples, tree_of

X12 = ("850", "855", "856", "860", "865", "810", "846", "944", "945", "947", "214")
EDIFACT = ("ORDERS", "ORDCHG", "ORDRSP", "DESADV", "RECADV", "INVOIC", "INVRPT", "IFTSTA")
FILES = [*(("x12", path) for path in samples("x12", *X12)), *(("edifact", path) for path in samples("edifact", *EDIFACT))]
absent = pytest.mark.skipif(not manifest(), reason=f"the sample corpus is not at {ROOT} (set CROSSDOCK_CORPUS)")


@absent
@pytest.mark.parametrize(("standard", "path"), FILES, ids=lambda each: each.name[-40:] if isinstance(each, Path) else each)
def test_a_sample_is_mapped_or_refused_with_findings(standard: str, path: Path) -> None:
    for document in documents(path, standard):
        if document.type not in (*X12, *EDIFACT):
            continue
        parsed = tree_of(document, standard)
        if parsed is None:
            continue
        tree, release = parsed
        problems: list[dict[str, Any]] = []
        mapped: Any = None
        try:
            mapped = find_reader(standard, document.type, release)(tree, context(document.type, release), DictValueMaps())
        except SchemaInvalid as refused:
            problems = refused.detail["problems"]
        except ValueMapMissing as refused:
            problems = refused.detail["missing"]
        assert mapped or problems
        assert all({"place", "segment", "element", "position"} <= set(each) for each in problems)


@absent
def test_clean_samples_of_orders_answers_and_invoices_are_mapped() -> None:
    counted = {"mapped": 0, "refused": 0}
    for standard, path in FILES:
        for document in documents(path, standard):
            parsed = tree_of(document, standard) if document.type in (*X12, *EDIFACT) else None
            if parsed is None:
                continue
            try:
                find_reader(standard, document.type, parsed[1])(parsed[0], context(document.type, parsed[1]), DictValueMaps())
                counted["mapped"] += 1
            except (SchemaInvalid, ValueMapMissing):
                counted["refused"] += 1
    # the samples are mostly fragments without addresses, prices or known codes; those that are whole are mapped
    assert counted["mapped"] >= 40, counted
