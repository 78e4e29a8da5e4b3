"""Signs bytes and verifies signatures over them (CMS SignedData, RFC 5652 section 5); knows no MIME and no agreement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from crossdock.edi.as2.cms import SIGNED, content, never_fails, octets
from crossdock.edi.as2.digests import STRONG, Digest, digest, digest_named
from crossdock.edi.as2.keys import Certificate, Identity
from crossdock.edi.as2.refusal import Modifier, Refused

HASHES: dict[Digest, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  # for partners whose agreement says so
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose signature it is, by which digest, over which bytes."""

    certificate: Certificate
    digest: Digest
    content: bytes
    signed_at: datetime | None = None


def sign(data: bytes, identity: Identity, name: Digest, at: datetime, *, attached: bool = False) -> bytes:
    """A SignedData over `data` (DER), detached unless `attached`; with signing time and the certificate."""
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [cms.Time(name="utc_time", value=at.replace(microsecond=0))]},
            {"type": "message_digest", "values": [digest(name, data)]},
        ]
    )
    covered = attributes.dump()
    key = identity.key
    algorithm: dict[str, Any]
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(covered, padding.PKCS1v15(), HASHES[name])
        algorithm = {"algorithm": "rsassa_pkcs1v15", "parameters": core.Null()}  # RFC 3370 section 3.2: NULL, not absent
    else:
        signature = key.sign(covered, ec.ECDSA(HASHES[name]))
        algorithm = {"algorithm": f"{name}_ecdsa"}
    certificate = identity.certificate.asn1()
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            name="issuer_and_serial_number",
            value={"issuer": certificate.issuer, "serial_number": certificate.serial_number},
        ),
        "digest_algorithm": {"algorithm": name},
        "signed_attrs": attributes,
        "signature_algorithm": algorithm,
        "signature": signature,
    }
    encapsulated: dict[str, Any] = {"content_type": "data"}
    if attached:
        encapsulated["content"] = data
    signed = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": name}],
        "encap_content_info": encapsulated,
        "certificates": [cms.CertificateChoices(name="certificate", value=certificate)],
        "signer_infos": [signer],
    }
    return bytes(cms.ContentInfo({"content_type": SIGNED, "content": cms.SignedData(signed)}).dump())


@never_fails(Modifier.AUTHENTICATION, "the signature cannot be read")
def verify(
    der: bytes,
    data: Sequence[bytes],
    trusted: Sequence[Certificate],
    at: datetime,
    digests: Collection[Digest] = STRONG,
) -> Verified:
    """Verify that one of the trusted certificates signed one of the readings of the data (`data` empty: the content inside).

    Certificates inside the message prove nothing and are not looked at. Raises `Refused`: authentication-failed (unknown or expired
    certificate, wrong signature, digest not agreed) or integrity-check-failed (signed, but other bytes).
    """
    signed = content(der, SIGNED, Modifier.AUTHENTICATION)
    readings = list(data)
    if not readings:
        inside = signed["encap_content_info"]["content"]
        readings = [octets(inside)] if inside.native is not None else []
    if not readings:
        raise Refused(Modifier.INTEGRITY, "there is no content the signature could be about")
    refusal = Refused(Modifier.AUTHENTICATION, "nobody has signed it")
    for signer in list(signed["signer_infos"])[:10]:
        try:
            return _signer(signer, readings, trusted, at, digests)
        except Refused as error:
            refusal = error
    raise refusal


def _signer(
    signer: Any, readings: Sequence[bytes], trusted: Sequence[Certificate], at: datetime, digests: Collection[Digest]
) -> Verified:
    certificate = _certificate(signer["sid"], trusted)
    if certificate is None:
        raise Refused(
            Modifier.AUTHENTICATION, "signed with a certificate that is not one of the partner's agreed ones", sure=True
        )
    if not certificate.valid(at):
        raise Refused(
            Modifier.AUTHENTICATION,
            f"the partner's certificate is not valid now (until {certificate.expires:%Y-%m-%d})",
            sure=True,
        )
    name = digest_named(str(signer["digest_algorithm"]["algorithm"].native))
    if name is None or name not in digests:
        raise Refused(Modifier.AUTHENTICATION, "signed with a digest algorithm that was not agreed", sure=True)
    attributes = signer["signed_attrs"]
    if not attributes or attributes.native is None:  # RFC 5652 section 5.3: then the signature is over the content itself
        for reading in readings:
            if _holds(signer, certificate, name, reading):
                return Verified(certificate, name, reading)
        raise Refused(Modifier.INTEGRITY, "the signature does not fit the content")
    claimed = _attribute(attributes, "message_digest")
    if _attribute(attributes, "content_type") != "data" or not isinstance(claimed, bytes):
        raise Refused(Modifier.AUTHENTICATION, "the signed attributes are incomplete")
    if not any(_holds(signer, certificate, name, covered) for covered in _covered(attributes)):
        raise Refused(Modifier.AUTHENTICATION, "the signature is wrong", sure=True)
    moment = _attribute(attributes, "signing_time")
    for reading in readings:
        if digest(name, reading) == claimed:
            return Verified(certificate, name, reading, moment if isinstance(moment, datetime) else None)
    raise Refused(Modifier.INTEGRITY, "the content was changed after it was signed", sure=True)


def _certificate(sid: Any, trusted: Sequence[Certificate]) -> Certificate | None:
    for each in trusted:
        theirs = each.asn1()
        if sid.name == "subject_key_identifier":
            if theirs.key_identifier == sid.native:
                return each
        elif sid.chosen["serial_number"].native == theirs.serial_number and sid.chosen["issuer"] == theirs.issuer:
            return each
    return None


def _attribute(attributes: Any, name: str) -> Any:
    """The single value of an attribute, None when it is absent or there are several (RFC 5652 section 11)."""
    found = [each for each in attributes if each["type"].native == name]
    return found[0]["values"][0].native if len(found) == 1 and len(found[0]["values"]) == 1 else None


def _covered(attributes: Any) -> list[bytes]:
    """The bytes a signature over attributes is about: a SET OF, as it was written and as DER would write it."""
    as_written = b"\x31" + attributes.dump()[1:]
    again = attributes.untag().dump(force=True)
    return [as_written, again]


def _holds(signer: Any, certificate: Certificate, name: Digest, covered: bytes) -> bool:
    key = certificate.crypto.public_key()
    signature = octets(signer["signature"])
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, covered, _padding(signer["signature_algorithm"]), HASHES[name])
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, covered, ec.ECDSA(HASHES[name]))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _padding(algorithm: Any) -> padding.PKCS1v15 | padding.PSS:
    if algorithm["algorithm"].native != "rsassa_pss":
        return padding.PKCS1v15()
    settings = algorithm["parameters"]
    if isinstance(settings, core.Any):
        settings = settings.parse(algos.RSASSAPSSParams)
    mask = digest_named(str(settings["mask_gen_algorithm"]["parameters"]["algorithm"].native))
    if mask is None:
        raise ValueError("mask generation")
    return padding.PSS(padding.MGF1(HASHES[mask]), int(settings["salt_length"].native))
