"""A partner's deviations by rules: put right before reading, made so after writing, refused precisely when they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from crossdock.core.errors import SchemaInvalid, ValueMapMissing
from crossdock.documents.options import MappingOptions
from crossdock.documents.overlay import apply_after, apply_before, check_rules
from crossdock.edi.guides import Loop
from crossdock.landscape.models.partner import Agreement
from crossdock.testing.contexts import DictValueMaps
from tests.documents.examples import OPTIONS, purchase_order
from tests.documents.wire import CODES, document_of, interchange, over_the_wire, read, rows_of, tree_of

X12 = (
    ("BEG", "00", "SA", "?", "", "20260105"),
    ("REF", "PO", "P-77"),
    ("N1", "ST", "Store 7", "92", "0007"),
    ("N3", "Main St 1"),
    ("N4", "Austin", "TX", "78701"),
    ("PO1", "1", "1000", "EA", "250", "", "ZZ", "V-1"),
    ("REF", "CR", "first"),
    ("PO1", "2", "2000", "EA", "1250", "", "ZZ", "V-2"),
    ("REF", "CR", "second"),
)
FROM_REF = {"target": "BEG03", "from": "REF[PO]02"}
USD = {"target": "CUR02", "const": "USD", "note": "they bill in dollars and never say it"}


def tree(rows: Any = X12) -> Loop:
    return tree_of("x12", "004010", document_of("x12", interchange("x12", "850", "004010", rows)))


def order(rules: list[dict[str, Any]], codes: DictValueMaps = CODES) -> dict[str, Any]:
    parsed = apply_before(tree(), rules, codes)
    (mapped,) = read("x12", "850", "004010", parsed, MappingOptions())
    return mapped.data.model_dump(mode="json")


def test_a_document_that_says_things_elsewhere_is_put_right() -> None:
    found = order(
        [
            FROM_REF,
            USD,
            {"target": "PO1/PO1{VP}", "from": "PO1/PO1{ZZ}", "as": "lower"},
            {"target": "PO1/PO104", "from": "PO1/PO104", "as": {"shift": -2}},
            {"target": "PO1/PID05", "template": "{PO1/REF[CR]02} of order {REF[PO]02}"},
        ]
    )
    assert found["number"] == "P-77" and found["currency"] == "USD"
    assert [line["sku"] for line in found["lines"]] == ["v-1", "v-2"]
    assert [line["unit_price"]["amount"] for line in found["lines"]] == ["2.50", "12.50"]
    assert [line["name"] for line in found["lines"]] == ["first of order P-77", "second of order P-77"]


def test_the_document_given_is_not_changed() -> None:
    given = tree()
    apply_before(given, [FROM_REF, {"target": "REF[PO]", "drop": True}], CODES)
    assert given.value("BEG", 3) == "?" and given.first("REF") is not None


def test_conditions_choose() -> None:
    rules = [
        USD,
        {"target": "BEG03", "const": "A", "when": {"path": "REF[PO]02", "equals": "P-77"}},
        {"target": "BEG03", "const": "B", "when": {"path": "REF[XX]02", "present": True}},
        {"target": "PO1/PO1{VP}", "from": "PO1/PO1{ZZ}", "when": {"path": "PO1/REF[CR]02", "one_of": ["second"]}},
        {"target": "PO1/PO1{VP}", "const": "rest", "when": {"path": "PO1/PO1{VP}", "present": False}},
    ]
    found = order(rules)
    assert found["number"] == "A"
    assert [line["sku"] for line in found["lines"]] == ["rest", "V-2"]


def test_codes_of_a_value_map_and_what_it_lacks() -> None:
    rule = {"target": "PO1/PO1{VP}", "from": "PO1/PO1{ZZ}", "as": {"value_map": "acme-skus"}}
    codes = DictValueMaps({"acme-skus": {"V-1": "OURS-1", "V-2": "OURS-2"}})
    assert [line["sku"] for line in order([FROM_REF, USD, rule], codes)["lines"]] == ["OURS-1", "OURS-2"]
    with pytest.raises(ValueMapMissing) as refused:
        order([rule], DictValueMaps({"acme-skus": {"V-1": "OURS-1"}}))
    assert refused.value.detail["map"] == "acme-skus" and refused.value.detail["value"] == "V-2"


def test_every_rule_that_does_not_fit_is_told() -> None:
    rules = [
        {"target": "BEG04", "from": "REF[XX]02", "required": True},
        {"target": "PO1/PO104", "from": "PO1/REF[CR]02", "as": "int"},
    ]
    with pytest.raises(SchemaInvalid) as refused:
        order(rules)
    assert [(each["place"], each["kind"]) for each in refused.value.detail["problems"]] == [
        ("BEG04", "overlay"),
        ("PO1/PO104", "overlay"),
        ("PO1/PO104", "overlay"),
    ]
    assert "REF[XX]02" in refused.value.message


def test_what_is_written_becomes_what_the_partner_wants() -> None:
    rules = [
        {"target": "BEG09", "const": "A1"},
        {"target": "REF[DP]02", "from": "REF[DP]02", "as": {"lookup": {"table": {"D42": "0042"}}}},
        {"target": "REF[IA]02", "const": "VENDOR-9", "after": "REF"},
        {"target": "N1[BY]/PER", "drop": True},
        {"target": "PO1/PO1{MG}", "drop": True},
        {"target": "PO1/PO1{VA}", "from": "PO1/PO101", "as": {"prefix": "L"}},
        {"target": "PO1/DTM[010]02", "from": "PO1/DTM[002]02", "after": "DTM"},
        {"target": "CTT02", "const": 7},
    ]
    rows = list(apply_after(rows_of("x12", "850", "004010", purchase_order(True), OPTIONS), rules, CODES))
    assert ("BEG", "00", "SA", "P00042", "", "20260105", "RV-7", "", "", "A1") in rows
    assert ("REF", "DP", "0042") in rows
    assert rows.index(("REF", "IA", "VENDOR-9")) == rows.index(("REF", "DP", "0042")) + 1
    first = next(row for row in rows if row[0] == "PO1")
    assert "MG" not in first and first[-2:] == ("VA", "L10")
    assert rows[rows.index(("DTM", "002", "20260202"), rows.index(first)) + 1] == ("DTM", "010", "20260202")
    assert next(row for row in rows if row[0] == "CTT") == ("CTT", "2", "7")
    assert sum(row[0] == "PER" for row in rows) == 3
    tree_of("x12", "004010", document_of("x12", interchange("x12", "850", "004010", rows)))


def test_edifact_components_are_set_with_what_must_be_released() -> None:
    rules = [
        {"target": "BGM01-4", "const": "Bestellung 1+1'?"},
        {"target": "LIN/PIA{SA}", "from": "LIN/PIA{IN}"},
        {"target": "LIN/RFF[CT]01-2", "const": "RV-1", "after": "PRI"},
        {"target": "NAD[SU]/CTA", "drop": True},
    ]
    rows = list(apply_after(rows_of("edifact", "ORDERS", "D.96A", purchase_order(False), OPTIONS), rules, CODES))
    data = interchange("edifact", "ORDERS", "D.96A", rows)
    assert b"BGM+220:::Bestellung 1?+1?'??+P00042+9'" in data
    assert b"PIA+1+SKU-1:IN+SKU-1:SA'" in data and b"RFF+CT:RV-1'" in data
    parsed = over_the_wire("edifact", "ORDERS", "D.96A", purchase_order(False), OPTIONS)
    before = apply_before(parsed, [{"target": "BGM02-1", "const": "A+B"}], CODES)
    (mapped,) = read("edifact", "ORDERS", "D.96A", before, OPTIONS)
    assert mapped.number == "A+B"


def test_rules_on_rows_find_the_loops_of_every_document_we_write() -> None:
    from tests.documents.examples import WRITTEN

    for example in WRITTEN:
        assert example.made is not None
        rows = list(rows_of(example.standard, example.type, example.release, example.made(), OPTIONS))
        plain = [
            tuple(value if isinstance(value, str) else tuple(p or "" for p in value) if value else "" for value in row)
            for row in rows
        ]
        kept = [tuple(v[0] if isinstance(v, tuple) and len(v) == 1 else v for v in row) for row in apply_after(rows, [], CODES)]
        assert kept == [tuple(v[0] if isinstance(v, tuple) and len(v) == 1 else v for v in row) for row in plain], example.name


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"from": "BEG03"}, "needs a `target`"),
        ({"target": "beg03", "const": "1"}, "is not a segment"),
        ({"target": "PO1", "const": "1"}, "is a whole segment"),
        ({"target": "BEG03"}, "exactly one of from, const"),
        ({"target": "BEG03", "from": "REF[PO"}, "is not a segment"),
        ({"target": "BEG03", "from": "REF[PO]02", "as": "round"}, "'decimal'"),
        ({"target": "BEG03", "from": "REF[PO]02", "wen": {"path": "BEG01", "equals": "00"}}, "Extra inputs"),
        ({"target": "BEG03", "const": "1", "when": {"path": "BEG01"}}, "a condition needs"),
        ({"target": "BEG03", "drop": True, "const": "1"}, "`drop` takes no value"),
        ({"target": "PO1/PO101", "each": "PO1", "value": "PO101"}, "a rule has one value"),
        ("BEG03", "a rule is written as"),
    ],
)
def test_a_wrong_rule_is_named_with_what_is_wrong(rule: Any, words: str) -> None:
    found = check_rules([FROM_REF, rule])
    assert found and all(each.startswith("rule 2") for each in found)
    assert any(words in each for each in found), found


def test_documents_without_segments_are_refused() -> None:
    with pytest.raises(SchemaInvalid, match="places of X12 and EDIFACT"):
        apply_before(b"<Order/>", [FROM_REF], CODES)
    with pytest.raises(SchemaInvalid, match="places of X12 and EDIFACT"):
        apply_after(b"<Order/>", [FROM_REF], CODES)


def test_an_agreement_with_a_wrong_rule_is_refused_when_it_is_read() -> None:
    given = {"document": "850", "direction": "in", "format": "x12"}
    assert Agreement.model_validate({**given, "overlay": [FROM_REF, USD]}).overlay
    with pytest.raises(ValidationError, match="overlay rule 1: 'beg03'"):
        Agreement.model_validate({**given, "overlay": [{"target": "beg03", "const": "1"}]})
    with pytest.raises(ValidationError, match="places of X12 and EDIFACT documents; ubl has none"):
        Agreement.model_validate({**given, "format": "ubl", "overlay": [FROM_REF]})


def test_the_rules_on_the_page_are_right() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "documents.md").read_text("utf-8")
    example = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])
    (agreement,) = example["agreements"]
    assert len(agreement["overlay"]) == 6
    assert Agreement.model_validate(agreement).overlay
