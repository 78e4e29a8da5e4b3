"""karrio switches TLS verification off; the carrier process verifies all the same. Proved against a server with a self-made certificate."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crossdock.connectors.carrier.connector import CarrierConnector
from crossdock.connectors.carrier.process import CarrierProcess
from crossdock.core.commands import Command
from crossdock.core.errors import TargetUnavailable
from crossdock.testing import make_context
from tests.connectors.carrier.kits import shipment

_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "not a carrier")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(_USAGE, critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(pem)
    return cert_file, key_file


class Impostor:
    """A TLS server that notes whether anybody told it anything, and answers 200 to everything."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            self.heard.append(await reader.read(65536))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{}")
            await writer.drain()
        writer.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest_asyncio.fixture
async def impostor(certificate: tuple[Path, Path]) -> AsyncIterator[Impostor]:
    made = Impostor()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # refused handshakes are expected here
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    await server.wait_closed()


@pytest.fixture
def process() -> Iterator[CarrierProcess]:
    made = CarrierProcess(idle=20)
    yield made
    made.close()


def dhl(url: str, process: CarrierProcess) -> CarrierConnector:
    options = {"carrier": "dhl", "account_number": "1", "timeout": 5}
    secrets = {"username": "dhl-user-for-tests", "password": "dhl-password-for-tests"}
    return CarrierConnector(make_context(CarrierConnector, endpoint=url, options=options, secrets=secrets), process)


BOOK = Command("order/shop/1:shipment.book:1", "shipment.book", "carrier", "k", {"shipment": shipment()})


async def test_the_carrier_process_talks_to_nobody_whose_certificate_it_cannot_verify(
    impostor: Impostor, process: CarrierProcess
) -> None:
    with pytest.raises(TargetUnavailable, match="nothing was sent"):
        await dhl(impostor.url, process).deliver(BOOK)
    assert [heard for heard in impostor.heard if heard] == [], "the credential went to a stranger"


async def test_a_certificate_the_operator_trusts_is_accepted(
    impostor: Impostor, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same server, its certificate in SSL_CERT_FILE: the refusal above was about the certificate and nothing else."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    process = CarrierProcess(idle=20)
    try:
        with pytest.raises(Exception, match=r"(?i)answer|read"):  # it says {} to a booking
            await dhl(impostor.url, process).deliver(BOOK)
    finally:
        process.close()
    assert b"Basic" in impostor.heard[0]


def run(code: str, url: str) -> str:
    environment = {**os.environ, "CARRIER_URL": url}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


OPEN = """
import os, urllib.request
try:
    print("answered", urllib.request.urlopen(os.environ["CARRIER_URL"], timeout=5).status)
except Exception as error:
    print("refused", error)
"""


async def test_importing_karrio_does_switch_verification_off(impostor: Impostor) -> None:
    """The reason for all this. When this fails, karrio has mended it, and the repair may go."""
    assert "answered 200" in await asyncio.to_thread(run, "import karrio.sdk" + OPEN, impostor.url)


async def test_the_default_of_the_process_verifies_again_after_the_repair(impostor: Impostor) -> None:
    repaired = "from crossdock.connectors.carrier.worker import prepare; prepare()" + OPEN
    assert "CERTIFICATE_VERIFY_FAILED" in await asyncio.to_thread(run, repaired, impostor.url)
