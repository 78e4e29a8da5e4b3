"""What a bundle is, and everything that is refused before anything changes."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.errors import CrossdockError
from crossdock.governance.approval import approvals, maker
from crossdock.governance.bundle import BundleFile, read_bundle
from crossdock.governance.errors import BundleAltered, BundleUnreadable, SigningKeyUnusable
from crossdock.governance.signing import APPROVED, new_key, public_of, sign
from crossdock.landscape.models.environment import Promotion, TrustedKey
from tests.governance.conftest import Desk

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEYS = {name: new_key() for name in ("maker", "ann", "bob")}
PROMOTION = Promotion(
    keys=(
        TrustedKey(public=public_of(KEYS["maker"]), name="pipeline", may=("make",)),
        TrustedKey(public=public_of(KEYS["ann"]), name="ann", team="operations", may=("make", "approve")),
        TrustedKey(public=public_of(KEYS["bob"]), name="bob", team="finance"),
    )
)
BUNDLE = BundleFile("shop", "ab" * 32, {"crossdock.yaml": b"name: shop\n", "flows/a.yaml": b"x: 1\n"})


def rezipped(data: bytes, change: dict[str, bytes], *, method: int = zipfile.ZIP_STORED) -> bytes:
    """The same archive with some entries changed or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", method) as new:
        entries = {info.filename: old.read(info) for info in old.infolist()} | change
        for name, content in entries.items():
            new.writestr(name, content)
    return stream.getvalue()


def test_what_was_packed_is_read_again_and_the_same_content_gives_the_same_bytes() -> None:
    signed = sign(sign(BUNDLE, KEYS["maker"]), KEYS["bob"], APPROVED, NOW.isoformat())
    assert read_bundle(signed.packed()) == signed
    assert read_bundle(signed.packed()).packed() == signed.packed()
    assert sign(BUNDLE, KEYS["maker"]).packed() == sign(BUNDLE, KEYS["maker"]).packed()


@given(st.data())
def test_a_bundle_with_any_byte_changed_is_refused_or_unsigned_never_taken(data: st.DataObject) -> None:
    whole = sign(BUNDLE, KEYS["maker"]).packed()
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    try:
        found = read_bundle(changed)
        maker(found, PROMOTION)
    except CrossdockError:
        return
    assert (found.name, found.bundle, found.files) == (BUNDLE.name, BUNDLE.bundle, BUNDLE.files)


@given(st.binary(max_size=300))
def test_whatever_is_no_bundle_is_refused_and_breaks_nothing(data: bytes) -> None:
    with pytest.raises(BundleUnreadable):
        read_bundle(data)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"landscape/flows/a.yaml": b"x: 2\n"}, BundleAltered),
        ({"landscape/flows/b.yaml": b"x: 1\n"}, BundleAltered),
        ({"landscape/../../etc/cron.d/x": b""}, BundleUnreadable),
        ({"elsewhere/x.yaml": b""}, BundleUnreadable),
        ({"bundle.json": b"[]"}, BundleUnreadable),
        ({"bundle.json": b'{"format":"crossdock-bundle/9","name":"a","bundle":"b","files":{}}'}, BundleUnreadable),
        ({"signature.json": b"{}x"}, BundleUnreadable),
    ],
)
def test_what_was_put_in_or_changed_is_found(change: dict[str, bytes], error: type[CrossdockError]) -> None:
    with pytest.raises(error):
        read_bundle(rezipped(BUNDLE.packed(), change))


def test_a_compressed_archive_is_no_bundle() -> None:
    with pytest.raises(BundleUnreadable):
        read_bundle(rezipped(BUNDLE.packed(), {"landscape/flows/a.yaml": b"0" * 10_000_000}, method=zipfile.ZIP_DEFLATED))


def test_approvals_count_by_person_never_the_makers_own_and_not_for_ever() -> None:
    made = sign(BUNDLE, KEYS["ann"])
    own = sign(made, KEYS["ann"], APPROVED, NOW.isoformat())
    assert maker(own, PROMOTION) == "ann"
    assert approvals(own, PROMOTION, NOW) == []
    both = sign(own, KEYS["bob"], APPROVED, NOW.isoformat())
    assert [each.name for each in approvals(both, PROMOTION, NOW)] == ["bob"]
    assert approvals(both, PROMOTION, NOW + timedelta(days=15)) == []
    assert approvals(both, PROMOTION, NOW - timedelta(minutes=1)) == [], "an approval from the future is none"
    # the pipeline's key may make, not approve
    assert approvals(sign(BUNDLE, KEYS["maker"], APPROVED, NOW.isoformat()), PROMOTION, NOW) == []


def test_an_approval_of_other_content_is_not_of_this() -> None:
    other = sign(BundleFile("shop", "ab" * 32, {"crossdock.yaml": b"name: other\n"}), KEYS["bob"], APPROVED, NOW.isoformat())
    stolen = BundleFile(BUNDLE.name, BUNDLE.bundle, BUNDLE.files, (*sign(BUNDLE, KEYS["maker"]).signatures, *other.signatures))
    with pytest.raises(BundleAltered):
        approvals(stolen, PROMOTION, NOW)


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none_is_said_without_being_shown(text: str) -> None:
    with pytest.raises(SigningKeyUnusable) as caught:
        public_of(text)
    assert "AAAA" not in str(caught.value)


def refused(desk: Desk, file: Path | str, code: str, *more: str) -> None:
    done = desk.promote(file, *more)
    assert done.code != 0
    assert done.json["error"]["code"] == code, done.out
    assert desk.run("releases", "--json").json == []


def test_everything_that_is_refused_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    good = desk.bundle("good")
    desk.edit("systems/receiver.yaml", r"rate: \d+", "rate: 7")
    risky = desk.bundle("risky")
    altered = tmp_path / "altered.bundle"
    altered.write_bytes(rezipped(good.read_bytes(), {"landscape/crossdock.yaml": b"name: hub\n"}))
    refused(desk, altered, "bundle.altered")
    refused(desk, desk.bundle("unsigned", by=None), "bundle.unsigned")
    refused(desk, desk.bundle("foreign", by="stranger"), "bundle.unsigned")
    refused(desk, risky, "bundle.unapproved")
    refused(desk, desk.bundle("own", by="ann", approved=("ann",)), "bundle.unapproved")
    refused(desk, tmp_path / "nowhere.bundle", "bundle.unreadable")
    desk.edit("crossdock.yaml", r"name: \S+", "name: other")
    refused(desk, desk.bundle("other"), "bundle.unfit")
    # the environment lacks the address of a system the bundle calls
    desk.edit("crossdock.yaml", "name: other", "name: hub")
    shutil.copy(desk.work / "systems/receiver.yaml", desk.work / "systems/second.yaml")
    desk.edit("flows/orders.yaml", "target: receiver", "target: receiver\n  second: second")
    desk.edit("flows/orders.yaml", r"to: \[target\]", "to: [target, second]")
    for each in (desk.work / "environments").glob("*.yaml"):
        each.write_text(each.read_text().replace("endpoints:\n", "endpoints:\n  second: http://127.0.0.1:9\n"))
    refused(desk, desk.bundle("unbound", approved=("bob",)), "bundle.unfit")
    done = desk.promote(good, "--dry-run")
    assert (done.code, done.json["promoted"]) == (0, False)
    assert desk.run("releases", "--json").json == []


def test_a_landscape_with_errors_makes_no_bundle(desk: Desk, tmp_path: Path) -> None:
    desk.edit("flows/orders.yaml", "target: receiver", "target: nobody")
    done = desk.run("bundle", str(desk.work), "--out", str(tmp_path / "x.bundle"), "--json")
    assert done.json["error"]["code"] == "bundle.unfit"
    assert not (tmp_path / "x.bundle").exists()


def test_no_secret_and_no_binding_is_in_a_bundle(desk: Desk) -> None:
    whole = desk.bundle("good").read_bytes()
    assert desk.site.key.encode() not in whole
    assert (desk.work / "secrets").is_dir()
    assert b"RECEIVER_URL" not in whole
    assert not [name for name in read_bundle(whole).files if name.startswith(("environments/", "secrets/", "var/"))]


def test_a_key_file_is_never_overwritten_and_only_its_owner_reads_it(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    made = desk.run("signing-key", str(file), "--new", "--json").json
    assert file.stat().st_mode & 0o077 == 0
    assert desk.run("signing-key", str(file), "--json").json == made
    assert desk.run("signing-key", str(file), "--new", "--json").json["error"]["code"] == "bundle.not_written"
    assert "PRIVATE" not in desk.run("signing-key", str(file)).out
