"""Judges signed client assertions (RFC 7523 section 3, RFC 7521): whose, for whom, until when, by which key; keeps nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

ALGORITHMS: Final = {
    "RSA": ("PS256", "PS384", "PS512", "RS256", "RS384", "RS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""What may have signed, by kind of key: public-key signatures only, so neither `none` nor a MAC made with the public key."""
LONGEST: Final = timedelta(minutes=10)
"""An assertion that is good for longer is refused: it would have to be remembered for as long."""
LEEWAY: Final = timedelta(seconds=30)
SMALLEST: Final = 2048
"""Bits of an RSA key."""
LARGEST: Final = 16_384
"""Characters of an assertion."""


class AssertionRefused(ValueError):
    """Why an assertion proves nothing; never repeats any of it."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A sound assertion: a digest of its client and `jti`, under which it is remembered until `expires`."""

    digest: str
    expires: datetime


def issuer(assertion: str) -> str:
    """Who an assertion claims to be from, not proven. Raises `AssertionRefused`."""
    import jwt

    if len(assertion) > LARGEST:
        raise AssertionRefused("the assertion is too long")
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise AssertionRefused("the assertion is no JWT") from None
    return str(claims.get("iss", ""))


def judged(assertion: str, client: str, keys: str, audiences: Sequence[str], now: datetime) -> Proved:
    """A sound assertion of this client. `keys` is a JWKS or a PEM public key. Raises `AssertionRefused`."""
    import jwt

    try:
        header = jwt.get_unverified_header(assertion)
        key, kind = _key(keys, header.get("kid"))
        claims: dict[str, Any] = jwt.decode(
            assertion, key, algorithms=list(ALGORITHMS[kind]), audience=list(audiences), issuer=client,
            options={"require": ["iss", "sub", "aud", "exp", "jti"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )  # fmt: skip
    except jwt.InvalidAudienceError:
        raise AssertionRefused("the assertion is for somebody else (`aud`)") from None
    except jwt.MissingRequiredClaimError as error:
        raise AssertionRefused(f"the assertion lacks `{error.claim}`") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise AssertionRefused("the assertion's signature or form is not right") from None
    if claims["sub"] != client or not isinstance(claims["jti"], str) or not claims["jti"]:
        raise AssertionRefused("the assertion is not the client's own (`sub`, `jti`)")
    expires = _moment(claims, "exp")
    if expires is None or now >= expires + LEEWAY:
        raise AssertionRefused("the assertion is over (`exp`)")
    if expires - now > LONGEST + LEEWAY:
        raise AssertionRefused(f"the assertion is good for longer than {LONGEST.seconds // 60} minutes (`exp`)")
    for name in ("nbf", "iat"):
        begins = _moment(claims, name)
        if begins is not None and begins > now + LEEWAY:
            raise AssertionRefused(f"the assertion is not good yet (`{name}`)")
    return Proved(hashlib.sha256(f"{client}\x00{claims['jti']}".encode()).hexdigest(), expires + LEEWAY)


def _moment(claims: dict[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(float(value), tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise AssertionRefused(f"the assertion's `{name}` is no time") from None


def _key(keys: str, wanted: Any) -> tuple[Any, str]:
    """The public key an assertion names, and its kind. Raises `AssertionRefused`."""
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        if keys.lstrip().startswith("-----BEGIN"):
            found: Any = load_pem_public_key(keys.encode())
        else:
            known = [each for each in jwt.PyJWKSet.from_json(keys).keys if each.public_key_use in (None, "sig")]
            chosen = known if wanted is None else [each for each in known if each.key_id == wanted]
            if len(chosen) != 1:
                raise AssertionRefused("the assertion does not say by which key it is signed (`kid`)")
            found = chosen[0].key
    except (jwt.PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
        raise AssertionRefused("the client's public keys cannot be read") from None
    if isinstance(found, rsa.RSAPublicKey):
        if found.key_size < SMALLEST:
            raise AssertionRefused(f"the client's RSA key has fewer than {SMALLEST} bits")
        return found, "RSA"
    if isinstance(found, ec.EllipticCurvePublicKey):
        return found, "EC"
    if isinstance(found, ed25519.Ed25519PublicKey):
        return found, "OKP"
    raise AssertionRefused("the client's key is of no kind that is taken; a private key has no place here")
