"""Encrypts for a certificate and decrypts with one of ours (CMS EnvelopedData, RFC 5652 section 6); knows no MIME and no agreement."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any, Final, Literal

from asn1crypto import cms, core
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from crossdock.edi.as2.cms import ENVELOPED, content, never_fails, octets
from crossdock.edi.as2.digests import digest_named
from crossdock.edi.as2.keys import Certificate, Identity
from crossdock.edi.as2.refusal import Modifier, Refused
from crossdock.edi.as2.signature import HASHES

Cipher = Literal["aes128", "aes192", "aes256", "3des"]

KEY_BYTES: Final[dict[Cipher, int]] = {"aes128": 16, "aes192": 24, "aes256": 32, "3des": 24}
NAMES: Final[dict[Cipher, str]] = {
    "aes128": "aes128_cbc",
    "aes192": "aes192_cbc",
    "aes256": "aes256_cbc",
    "3des": "tripledes_3key",
}
STRONG_CIPHERS: Final[frozenset[Cipher]] = frozenset({"aes128", "aes192", "aes256"})
KeyTransport = Literal["pkcs1v15", "oaep"]
CHUNK: Final = 1_048_576


def _block(cipher: Cipher, key: bytes, start: bytes) -> BlockCipher[modes.CBC]:
    return BlockCipher(TripleDES(key) if cipher == "3des" else algorithms.AES(key), modes.CBC(start))


def encrypt(data: bytes, certificate: Certificate, cipher: Cipher, transport: KeyTransport = "pkcs1v15") -> bytes:
    """An EnvelopedData (DER) only the certificate's key opens. Raises `Refused` when the certificate has no RSA key."""
    public = certificate.crypto.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise Refused(Modifier.UNEXPECTED, "encryption needs an RSA certificate of the partner")
    key, start = os.urandom(KEY_BYTES[cipher]), os.urandom(8 if cipher == "3des" else 16)
    pad = PKCS7(len(start) * 8).padder()
    worker = _block(cipher, key, start).encryptor()
    # one chunk after the other: padding and cipher each copy what they are given
    pieces = [worker.update(pad.update(data[place : place + CHUNK])) for place in range(0, len(data), CHUNK)]
    pieces += [worker.update(pad.finalize()), worker.finalize()]
    theirs = certificate.asn1()
    wrapped: dict[str, Any]
    if transport == "oaep":
        wrapped = {"algorithm": "rsaes_oaep", "parameters": _oaep_parameters()}
        secret = public.encrypt(key, padding.OAEP(padding.MGF1(HASHES["sha256"]), HASHES["sha256"], None))
    else:
        wrapped = {"algorithm": "rsaes_pkcs1v15", "parameters": core.Null()}  # RFC 3370 section 4.2.1: NULL, not absent
        secret = public.encrypt(key, padding.PKCS1v15())
    recipient = cms.KeyTransRecipientInfo(
        {
            "version": "v0",
            "rid": cms.RecipientIdentifier(
                name="issuer_and_serial_number", value={"issuer": theirs.issuer, "serial_number": theirs.serial_number}
            ),
            "key_encryption_algorithm": wrapped,
            "encrypted_key": secret,
        }
    )
    enveloped = cms.EnvelopedData(
        {
            "version": "v0",
            "recipient_infos": [cms.RecipientInfo(name="ktri", value=recipient)],
            "encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {"algorithm": NAMES[cipher], "parameters": start},
                "encrypted_content": b"".join(pieces),
            },
        }
    )
    return bytes(cms.ContentInfo({"content_type": ENVELOPED, "content": enveloped}).dump())


def _oaep_parameters() -> dict[str, Any]:
    return {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
    }


@never_fails(Modifier.DECRYPTION, "it cannot be decrypted")
def decrypt(der: bytes, identities: Sequence[Identity], ciphers: Collection[Cipher] = STRONG_CIPHERS) -> tuple[bytes, Cipher]:
    """What is inside an EnvelopedData for one of `identities`, and the cipher. Raises `Refused` (decryption-failed).

    A wrong key, wrong padding and a damaged content give the same words, so that the answer tells a forger nothing.
    """
    enveloped = content(der, ENVELOPED, Modifier.DECRYPTION)
    info = enveloped["encrypted_content_info"]
    algorithm = info["content_encryption_algorithm"]
    cipher = _cipher(algorithm)
    if cipher is None or cipher not in ciphers:
        raise Refused(Modifier.DECRYPTION, f"encrypted with {_short(algorithm)}, which was not agreed", sure=True)
    start, encrypted = octets(algorithm["parameters"]), octets(info["encrypted_content"])
    found = _recipient(enveloped["recipient_infos"], identities)
    if found is None:
        raise Refused(Modifier.DECRYPTION, "encrypted for a certificate that is not ours", sure=True)
    info, identity = found
    key = _unwrapped(info, identity, KEY_BYTES[cipher])
    try:
        worker = _block(cipher, key, start).decryptor()
        unpad = PKCS7(len(start) * 8).unpadder()
        pieces = [unpad.update(worker.update(encrypted[place : place + CHUNK])) for place in range(0, len(encrypted), CHUNK)]
        pieces += [unpad.update(worker.finalize()), unpad.finalize()]
    except ValueError:
        raise Refused(Modifier.DECRYPTION, "it does not open with our key") from None
    return b"".join(pieces), cipher


def _cipher(algorithm: Any) -> Cipher | None:
    name = algorithm["algorithm"].native
    return next((cipher for cipher, written in NAMES.items() if written == name), None)


def _short(algorithm: Any) -> str:
    return str(algorithm["algorithm"].native)[:40]


def _recipient(infos: Any, identities: Sequence[Identity]) -> tuple[Any, Identity] | None:
    for info in list(infos)[:50]:
        if info.name != "ktri":
            continue
        rid = info.chosen["rid"]
        for identity in identities:
            ours = identity.certificate.asn1()
            if rid.name == "subject_key_identifier":
                same = ours.key_identifier == rid.native
            else:
                same = rid.chosen["serial_number"].native == ours.serial_number and rid.chosen["issuer"] == ours.issuer
            if same:
                return info.chosen, identity
    return None


def _unwrapped(info: Any, identity: Identity, length: int) -> bytes:
    """The content key; a key that does not open is replaced by chance, so that the failure is told only by the content (RFC 3218 section 2.3.2)."""
    key = identity.key
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused(Modifier.DECRYPTION, "our key is of an elliptic curve and cannot decrypt")
    algorithm = info["key_encryption_algorithm"]
    way: padding.AsymmetricPadding = padding.PKCS1v15()
    if algorithm["algorithm"].native == "rsaes_oaep":
        settings = algorithm["parameters"]
        main = digest_named(str(settings["hash_algorithm"]["algorithm"].native)) or "sha1"
        mask = digest_named(str(settings["mask_gen_algorithm"]["parameters"]["algorithm"].native)) or "sha1"
        way = padding.OAEP(padding.MGF1(HASHES[mask]), HASHES[main], None)
    try:
        found = key.decrypt(octets(info["encrypted_key"]), way)
    except ValueError:
        return os.urandom(length)
    return found if len(found) == length else os.urandom(length)
