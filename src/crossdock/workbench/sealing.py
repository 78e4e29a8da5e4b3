"""Encrypts small secrets that rest in the ledger's database with the workbench's key (AES-256-GCM); knows no secret's use."""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def _cipher(purpose: str) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"crossdock:" + purpose.encode())
    return AESGCM(derived.derive(settings.SECRET_KEY.encode()))


def seal(text: str, purpose: str) -> str:
    """The text encrypted; only `unseal` with the same purpose and key reads it."""
    nonce = os.urandom(12)
    return base64.urlsafe_b64encode(nonce + _cipher(purpose).encrypt(nonce, text.encode(), None)).decode()


def unseal(sealed: str, purpose: str) -> str:
    """The text again. Raises `cryptography.exceptions.InvalidTag` when it was altered or the key is another."""
    raw = base64.urlsafe_b64decode(sealed)
    return _cipher(purpose).decrypt(raw[:12], raw[12:], None).decode()
