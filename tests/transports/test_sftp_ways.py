"""How a complete file is known, what is never taken, and what is said when the partner allows the hub nothing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from crossdock.core.errors import AnswerLost, EndpointGone, PeerNotTrusted
from crossdock.core.outcomes import EffectUnclear
from crossdock.simulators.faults import Fault
from crossdock.testing.transports import open_transport
from crossdock.transports.protocol import Outgoing, Sent
from crossdock.transports.sftp.options import SftpOptions
from crossdock.transports.sftp.transport import SftpTransport, safe_name
from tests.transports.correspondents import SftpSide


def opened(**options):
    return open_transport(SftpTransport, SftpSide(**options), patience=2.0)


def names(messages) -> list[str]:
    return [each.file_name for each in messages]


async def test_a_growing_file_is_left_until_its_size_stands_still() -> None:
    async with opened(complete="stable", settle=30) as bench:
        place = bench.correspondent.partner.root / "out/big.edi"
        place.write_bytes(b"half")
        first = await bench.transport.collect({})
        assert not first.messages
        bench.clock.advance(31)
        place.write_bytes(b"half and more")
        second = await bench.transport.collect(first.cursor)
        assert not second.messages
        bench.clock.advance(20)
        third = await bench.transport.collect(second.cursor)
        assert not third.messages
        bench.clock.advance(11)
        fourth = await bench.transport.collect(third.cursor)
        assert [each.body for each in fourth.messages] == [b"half and more"]


async def test_a_file_waits_for_its_marker_and_both_are_put_away() -> None:
    async with opened(complete="marker", marker=".ok", afterwards="delete") as bench:
        root = bench.correspondent.partner.root / "out"
        (root / "a.edi").write_bytes(b"ISA")
        assert not (await bench.transport.collect({})).messages
        (root / "a.edi.ok").touch()
        found = await bench.transport.collect({})
        assert names(found.messages) == ["a.edi"]
        assert not (await bench.transport.collect(found.cursor)).messages
        assert not [each for each in root.rglob("*") if each.is_file()]


async def test_only_agreed_names_and_finished_files_are_taken() -> None:
    async with opened(patterns=["*.edi"]) as bench:
        root = bench.correspondent.partner.root / "out"
        for name in ("a.edi", "b.txt", ".c.edi", "d.edi.part", "e.tmp"):
            (root / name).write_bytes(b"x")
        assert names((await bench.transport.collect({})).messages) == ["a.edi"]
        assert (root / "b.txt").exists()


async def test_folders_are_apart_and_the_same_name_in_both_is_two_files() -> None:
    side = SftpSide(collect_from=["/out/orders", "/out/invoices"])
    for folder in ("orders", "invoices"):
        (side.partner.root / "out" / folder).mkdir()
        side.partner.put(f"out/{folder}/1.edi", b"same")
    async with open_transport(SftpTransport, side, patience=2.0) as bench:
        found = await bench.transport.collect({})
        assert len({each.identity for each in found.messages}) == 2
        assert not (await bench.transport.collect(found.cursor)).messages
        assert (side.partner.root / "out/orders/archive/1.edi").exists()


@pytest.mark.parametrize(("body", "words"), [(b"", "empty"), (b"x" * 2000, "more than max_file_bytes")])
async def test_what_cannot_be_taken_goes_to_quarantine_and_says_why(body, words) -> None:
    async with opened(max_file_bytes=1024) as bench:
        bench.correspondent.offer("odd.edi", body)
        found = await bench.transport.collect({})
        assert words in found.messages[0].refused
        await bench.transport.collect(found.cursor)
        assert (bench.correspondent.partner.root / "out/quarantine/odd.edi").exists()


async def test_read_in_place_a_file_replaced_meanwhile_is_not_put_away() -> None:
    async with opened(take="read", afterwards="delete") as bench:
        bench.correspondent.offer("a.edi", b"first")
        found = await bench.transport.collect({})
        bench.correspondent.offer("a.edi", b"second, longer")
        again = await bench.transport.collect(found.cursor)
        assert [each.body for each in again.messages] == [b"second, longer"]
        assert again.messages[0].identity != found.messages[0].identity


async def test_the_same_name_again_in_the_archive_overwrites_nothing() -> None:
    async with opened() as bench:
        for body in (b"first", b"second"):
            bench.correspondent.offer("a.edi", body)
            found = await bench.transport.collect({})
            await bench.transport.collect(found.cursor)
        archive = bench.correspondent.partner.root / "out/archive"
        assert sorted(each.read_bytes() for each in archive.iterdir()) == [b"first", b"second"]


async def test_what_was_put_away_before_a_crash_does_not_stop_the_next_poll() -> None:
    """The cursor of a poll is lost when the hub dies between putting away and its commit: the next one has the old cursor again."""
    async with opened() as bench:
        bench.correspondent.partner.put("out/a.edi", b"first")
        found = await bench.transport.collect({})
        assert not (await bench.transport.collect(found.cursor)).messages
        bench.correspondent.partner.put("out/b.edi", b"second")
        again = await bench.transport.collect(found.cursor)
        assert names(again.messages) == ["b.edi"]


async def test_another_host_key_is_refused_before_anything_is_said() -> None:
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    async with opened(host_keys=[other]) as bench:
        outcome = await bench.send(Outgoing(b"x", "text/plain", "a.edi", "1"))
        assert isinstance(outcome, PeerNotTrusted)
        assert not (await bench.transport.probe()).healthy


async def test_without_a_folder_of_ours_a_cut_hand_over_is_for_a_person() -> None:
    async with opened(control="") as bench:
        assert isinstance(await bench.send(Outgoing(b"one", "text/plain", "a.edi", "1")), Sent)
        bench.correspondent.apply(Fault.RESET_AFTER)
        assert isinstance(await bench.send(Outgoing(b"two", "text/plain", "b.edi", "2")), AnswerLost)
        bench.correspondent.calm()
        assert isinstance(await bench.transport.find("2"), EffectUnclear)
        assert bench.correspondent.arrived() == [b"one", b"two"]


async def test_a_missing_folder_is_misconfigured() -> None:
    async with opened(collect_from=["/nowhere"], take="read", afterwards="delete", quarantine="") as bench:
        with pytest.raises(EndpointGone):
            await bench.transport.collect({})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host_keys": []}, "host_keys"),
        ({"host_keys": ["SHA256:abc"]}, "no public key"),
        ({"send_to": "", "collect_from": []}, "nothing would travel"),
        ({"take": "claim", "processing": ""}, "processing"),
        ({"collect_from": ["/a", "/a"]}, "twice"),
    ],
)
def test_settings_that_cannot_work_are_refused(options, words) -> None:
    given = {"username": "u", "host_keys": ["ssh-ed25519 AAAA"], "send_to": "/in", **options}
    with pytest.raises(ValidationError, match=words):
        SftpOptions.model_validate(given)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("po.edi", "po.edi"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".hidden", "hidden"),
        ("a.part", "a.part_"),
        ("ä b.edi", "_ b.edi"),
        ("...", ""),
    ],
)
def test_names_are_safe_everywhere(name, safe) -> None:
    assert safe_name(name) == safe
