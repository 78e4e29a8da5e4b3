"""The drop-box as partners meet it: put, look, fetch, and nothing else; a file is acknowledged once it is stored."""

from __future__ import annotations

import asyncio
import copy
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from crossdock.core.errors import LandscapeInvalid
from crossdock.pipeline.dropbox import accounts, keep_open, open_dropbox
from crossdock.transports.dropbox.place import Place
from crossdock.transports.dropbox.server import Account, Dropbox
from crossdock.transports.dropbox.taking import Limits, Stored, Taker
from tests.transports.conftest import free_port, order

HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
KEY = asyncssh.generate_private_key("ssh-ed25519")
PUBLIC = KEY.export_public_key().decode().strip()


class Ledger:
    """Stands in for the hub: remembers what it stored, refuses and fails when told to."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, bytes]] = []
        self.verdict: Stored | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()

    async def store(self, name: str, body: bytes) -> Stored:
        self.asked.set()
        await self.gate.wait()
        if self.verdict is not None:
            return self.verdict
        self.stored.append((name, body))
        return Stored(good=True)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def box(tmp_path: Path, ledger: Ledger):
    @asynccontextmanager
    async def opened(limits: Limits | None = None, connections: int = 4, password: str = ""):
        taker = Taker(Place(tmp_path / "acme"), limits or Limits(1_000_000, 10_000_000, 100), ledger.store)
        given = (lambda: password) if password else None
        account = Account("acme", [PUBLIC], taker, connections, given)
        other = Account("other", [PUBLIC], Taker(Place(tmp_path / "other"), Limits(1000, 1000, 10), ledger.store))
        server = Dropbox("127.0.0.1", 0, HOST_KEY.export_private_key().decode(), {"acme": account, "other": other})
        await server.start()
        try:
            yield server
        finally:
            await server.stop()

    return opened


@asynccontextmanager
async def client(server: Dropbox, **how):
    trusted = asyncssh.import_public_key(server.host_key_line)
    given = {
        "username": "acme",
        "client_keys": [KEY],
        "known_hosts": ([trusted], [], []),
        "config": None,
        "agent_path": None,
        **how,
    }
    async with asyncssh.connect("127.0.0.1", server.port, **given) as connection, connection.start_sftp_client() as sftp:
        yield sftp


async def put(sftp: asyncssh.SFTPClient, path: str, body: bytes) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(body)


async def test_a_file_is_stored_before_its_partner_hears_that_it_arrived(box, ledger) -> None:
    async with box() as server, client(server) as sftp:
        ledger.gate.clear()
        putting = asyncio.create_task(put(sftp, "/in/po.edi", b"ISA"))
        await ledger.asked.wait()
        await asyncio.sleep(0.05)
        assert not putting.done()
        ledger.gate.set()
        await putting
        assert ledger.stored == [("po.edi", b"ISA")]
        assert await sftp.listdir("/in") == [".", ".."] or not [n for n in await sftp.listdir("/in") if n not in (".", "..")]
        assert (await sftp.stat("/in/po.edi")).size == 3  # clients that check their upload find it


async def test_a_temporary_name_waits_for_its_rename(box, ledger) -> None:
    async with box() as server, client(server) as sftp:
        await put(sftp, "/in/po.edi.part", b"ISA")
        await put(sftp, "/in/.hidden", b"ISA")
        assert not ledger.stored
        await sftp.rename("/in/po.edi.part", "/in/po.edi")
        await sftp.posix_rename("/in/.hidden", "/in/second.edi")
        assert [name for name, _ in ledger.stored] == ["po.edi", "second.edi"]


@pytest.mark.parametrize("way", ["abort", "end of channel"])
async def test_an_upload_that_is_cut_is_not_a_file(box, ledger, way) -> None:
    async with box() as server:
        trusted = asyncssh.import_public_key(server.host_key_line)
        connection = await asyncssh.connect(
            "127.0.0.1",
            server.port,
            username="acme",
            client_keys=[KEY],
            known_hosts=([trusted], [], []),
            config=None,
            agent_path=None,
        )
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/in/po.edi", "wb")
        await file.write(b"half of it")
        if way == "abort":
            connection.abort()
        else:
            sftp.exit()
        await asyncio.sleep(0.3)
        assert not ledger.stored
        assert not server._accounts["acme"].taker.place.waiting()
        connection.close()
        async with client(server) as again:
            await put(again, "/in/po.edi", b"all of it, this time")
        assert ledger.stored == [("po.edi", b"all of it, this time")]


async def test_what_the_hub_refuses_is_refused_to_the_partner_and_kept_aside(box, ledger) -> None:
    ledger.verdict = Stored(good=False, words="files of this name are not taken")
    async with box() as server, client(server) as sftp:
        with pytest.raises(asyncssh.SFTPError, match="not taken"):
            await put(sftp, "/in/virus.exe", b"MZ")
        place = server._accounts["acme"].taker.place
        (kept,) = place.quarantine.iterdir()
        assert kept.read_bytes() == b"MZ"
        with pytest.raises(asyncssh.SFTPError):
            await sftp.listdir("/quarantine")


async def test_while_the_hub_takes_nothing_a_file_waits_and_is_stored_later_without_its_partner(box, ledger) -> None:
    ledger.verdict = Stored(good=False, final=False)
    async with box() as server, client(server) as sftp:
        with pytest.raises(asyncssh.SFTPError, match="again"):
            await put(sftp, "/in/po.edi", b"ISA")
        assert len(server._accounts["acme"].taker.place.waiting()) == 1
        ledger.verdict = None
        await server._accounts["acme"].taker.sweep()
        assert ledger.stored == [("po.edi", b"ISA")]


async def test_what_a_crash_left_claimed_is_stored_after_the_restart(box, ledger, tmp_path) -> None:
    place = Place(tmp_path / "acme")
    place.make()
    (place.incoming / "po.edi").write_bytes(b"ISA")
    claimed = place.claim("po.edi")
    assert claimed.exists()
    async with box():
        async with asyncio.timeout(5):
            while not ledger.stored:
                await asyncio.sleep(0.01)
    assert ledger.stored == [("po.edi", b"ISA")]
    assert not claimed.exists()


async def test_partners_do_not_see_each_other_or_anything_else(box, ledger, tmp_path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    async with box() as server, client(server) as sftp:
        assert sorted(n for n in await sftp.listdir("/") if n not in (".", "..")) == ["in", "out"]
        for path in ("/../../secret.txt", "/../other/home/in/x", "../../../../etc/passwd", "/in/../../pending/x", "/etc/passwd"):
            with pytest.raises(asyncssh.SFTPError):
                await sftp.open(path, "rb")
            with pytest.raises(asyncssh.SFTPError):
                await put(sftp, path, b"x")
        for forbidden in (
            sftp.symlink("/../../secret.txt", "/in/link"), sftp.mkdir("/new"), sftp.mkdir("/in/new"), sftp.rmdir("/out"),
            sftp.rename("/in", "/new"), sftp.remove("/../pending/x"), sftp.link("/in/a", "/in/b"), put(sftp, "/out/x", b"x"), put(sftp, "/x", b"x"),
        ):  # fmt: skip
            with pytest.raises(asyncssh.SFTPError):
                await forbidden
    assert (tmp_path / "secret.txt").read_text() == "secret"
    assert not ledger.stored


async def test_there_is_no_shell_no_command_no_tunnel(box) -> None:
    async with box() as server:
        trusted = asyncssh.import_public_key(server.host_key_line)
        async with asyncssh.connect(
            "127.0.0.1",
            server.port,
            username="acme",
            client_keys=[KEY],
            known_hosts=([trusted], [], []),
            config=None,
            agent_path=None,
        ) as connection:
            for command in (None, "id", "scp -t /in"):
                with pytest.raises((asyncssh.Error, OSError)):
                    await connection.run(command, check=True, input="")
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_connection("127.0.0.1", 22)
            with pytest.raises((asyncssh.ChannelListenError, OSError)):
                await connection.forward_remote_port("", 0, "127.0.0.1", 22)


async def test_only_agreed_keys_come_in_and_passwords_only_where_agreed(box) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    async with box() as server:
        for how in (
            {"client_keys": [stranger]},
            {"client_keys": None, "password": "guess"},
            {"username": "nobody"},
            {"username": "root"},
        ):
            with pytest.raises(asyncssh.PermissionDenied):
                async with client(server, **how):
                    pass
    async with box(password="correct horse") as server:
        async with client(server, client_keys=None, password="correct horse"):
            pass
        with pytest.raises(asyncssh.PermissionDenied):
            async with client(server, client_keys=None, password="wrong"):
                pass


async def test_quotas_hold(box, ledger) -> None:
    async with box(Limits(file_bytes=1000, bytes=1500, files=3)) as server, client(server) as sftp:
        with pytest.raises(asyncssh.SFTPError):
            await put(sftp, "/in/large.edi", b"x" * 1001)
        await put(sftp, "/in/one.tmp", b"x" * 900)
        with pytest.raises(asyncssh.SFTPError):
            await put(sftp, "/in/two.tmp", b"x" * 700)
        assert all(name != "large.edi" for name, _ in ledger.stored)
        await sftp.remove("/in/one.tmp")
        for name in await sftp.listdir("/in"):
            if name not in (".", ".."):
                await sftp.remove(f"/in/{name}")
        for number in range(3):
            await put(sftp, f"/in/{number}.tmp", b"x")
        with pytest.raises(asyncssh.SFTPError):
            await put(sftp, "/in/fourth.tmp", b"x")


async def test_one_partner_cannot_take_all_connections(box) -> None:
    async with box(connections=2) as server, client(server), client(server):
        with pytest.raises((asyncssh.Error, OSError)):
            async with client(server):
                pass


async def test_ours_are_fetched_and_removed(box, tmp_path) -> None:
    async with box() as server, client(server) as sftp:
        (tmp_path / "acme/home/out/invoice.edi").write_bytes(b"INVOIC")
        async with sftp.open("/out/invoice.edi", "rb") as file:
            assert await file.read() == b"INVOIC"
        await sftp.remove("/out/invoice.edi")
        assert not (tmp_path / "acme/home/out/invoice.edi").exists()


async def test_the_openssh_client_works(box, ledger, tmp_path) -> None:
    """A client by others, as most partners use it."""
    program = shutil.which("sftp")
    if program is None:
        pytest.skip("OpenSSH's sftp is not installed")
    async with box() as server:
        key = tmp_path / "key"
        key.write_bytes(KEY.export_private_key())
        key.chmod(0o600)
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{server.port} {server.host_key_line}\n")
        (tmp_path / "po.edi").write_bytes(order())
        (tmp_path / "acme/home/out/invoice.edi").write_bytes(b"INVOIC")
        batch = f"put {tmp_path}/po.edi /in/po.edi\nls -l /in\nput {tmp_path}/po.edi /in/two.tmp\nrename /in/two.tmp /in/two.edi\nget /out/invoice.edi {tmp_path}/got\nrm /out/invoice.edi\n"
        done = await asyncio.to_thread(
            subprocess.run,
            [program, "-b", "-", "-i", str(key), "-P", str(server.port), "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes",
             "-o", "IdentitiesOnly=yes", "acme@127.0.0.1"],
            input=batch, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert [name for name, _ in ledger.stored] == ["po.edi", "two.edi"]
        assert (tmp_path / "got").read_bytes() == b"INVOIC"


# Through the hub ------------------------------------------------------------------------------------------------------


def settings(tmp_path: Path) -> dict:
    return {
        "box": {
            "kind": "dropbox", "endpoint": f"file://{tmp_path}/box",
            "options": {"user": "acme", "keys": [PUBLIC], "patterns": ["*.edi"]},
        }
    }  # fmt: skip


ENVIRONMENT = {"dropbox": {"host": "127.0.0.1", "port": 0, "host_key": "file:secrets/host_key"}}


@asynccontextmanager
async def dropbox_of(hub):
    server = open_dropbox(hub.hub)
    assert server is not None
    task = asyncio.create_task(keep_open(server))
    try:
        async with asyncio.timeout(10):
            while server._acceptor is None:
                await asyncio.sleep(0.01)
        yield server
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_an_order_put_into_the_box_becomes_an_event_and_its_acknowledgement_is_fetched(run, landscape, tmp_path) -> None:
    root = landscape(settings(tmp_path), {"host_key": HOST_KEY.export_private_key().decode()}, ENVIRONMENT)
    async with run(root) as hub, dropbox_of(hub) as server, client(server) as sftp:
        await put(sftp, "/in/po.edi", order())
        assert len(await hub.rows("SELECT id FROM ledger_message WHERE topic='interchange'")) == 1
        async with asyncio.timeout(20):
            while not (names := [n for n in await sftp.listdir("/out") if n not in (".", "..")]):
                await asyncio.sleep(0.05)
        async with sftp.open(f"/out/{names[0]}", "rb") as file:
            assert b"ST*997" in await file.read()
        await put(sftp, "/in/po.edi", order())  # the same file again
        assert len(await hub.rows("SELECT id FROM ledger_message WHERE topic='interchange'")) == 1


async def test_a_file_of_another_name_is_refused_and_an_exception_says_why(run, landscape, tmp_path) -> None:
    root = landscape(settings(tmp_path), {"host_key": HOST_KEY.export_private_key().decode()}, ENVIRONMENT)
    async with run(root) as hub, dropbox_of(hub) as server, client(server) as sftp:
        with pytest.raises(asyncssh.SFTPError, match=r"\*\.edi"):
            await put(sftp, "/in/setup.exe", b"MZ")
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception")
        assert code == "normalize.malformed"


async def test_nobody_can_claim_over_http_to_be_the_drop_box(run, landscape, tmp_path) -> None:
    import aiohttp

    root = landscape(settings(tmp_path), {"host_key": HOST_KEY.export_private_key().decode()}, ENVIRONMENT)
    async with run(root) as hub, aiohttp.ClientSession() as session:
        headers = {"X-File-Name": "po.edi", "X-Forwarded-For": "dropbox:acme", "Forwarded": "for=dropbox:acme"}
        async with session.post(f"{hub.url}/in/acme/box", data=order(), headers=headers) as answer:
            assert answer.status == 401


async def test_two_partners_cannot_have_one_user(run, landscape, tmp_path) -> None:
    both = settings(tmp_path)
    both["second"] = copy.deepcopy(both["box"])
    root = landscape(both, {"host_key": HOST_KEY.export_private_key().decode()}, ENVIRONMENT)
    async with run(root) as hub:
        with pytest.raises(LandscapeInvalid, match="two partners"):
            accounts(hub.hub.runtime, hub.hub.door)


async def test_a_second_worker_takes_over_when_the_first_ends(ledger, tmp_path) -> None:
    port = free_port()
    account = Account("acme", [PUBLIC], Taker(Place(tmp_path / "acme"), Limits(1000, 1000, 10), ledger.store))
    first, second = (Dropbox("127.0.0.1", port, HOST_KEY.export_private_key().decode(), {"acme": account}) for _ in range(2))
    one = asyncio.create_task(keep_open(first))
    async with asyncio.timeout(20):
        while first._acceptor is None:
            await asyncio.sleep(0.01)
        two = asyncio.create_task(keep_open(second, again=0.05))
        await asyncio.sleep(0.2)
        assert second._acceptor is None
        one.cancel()
        await asyncio.wait([one])
        while second._acceptor is None:
            await asyncio.sleep(0.01)
        async with client(second) as sftp:
            await put(sftp, "/in/a.edi", b"ISA")
        two.cancel()
        await asyncio.wait([two])
    assert ledger.stored == [("a.edi", b"ISA")]
