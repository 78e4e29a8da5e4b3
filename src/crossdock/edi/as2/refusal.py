"""Why a message or a receipt is refused, in the words of the standard; knows no cryptography."""

from __future__ import annotations

from enum import StrEnum


class Modifier(StrEnum):
    """Disposition modifiers of RFC 4130 section 7.4.3 and 7.5, RFC 5402 section 4.2 (decompression-failed) and common practice."""

    AUTHENTICATION = "authentication-failed"
    DECOMPRESSION = "decompression-failed"
    DECRYPTION = "decryption-failed"
    INSUFFICIENT = "insufficient-message-security"
    INTEGRITY = "integrity-check-failed"
    UNEXPECTED = "unexpected-processing-error"
    UNKNOWN_PARTNER = "unknown-trading-partner"
    DUPLICATE = "duplicate-document"


class Refused(Exception):
    """A message that is not taken. `modifier` goes into the disposition, `words` into the text for people.

    `sure`: said only of a message whose signature could be read, so that saying it tells nothing about how the content deciphered.
    `reason`: what really happened, for our own people, where the words must not tell.
    """

    def __init__(self, modifier: Modifier, words: str, *, sure: bool = False, reason: str = "") -> None:
        super().__init__(words)
        self.modifier = modifier
        self.words = words
        self.sure = sure
        self.reason = reason


CLOSED = "it does not open with our key, or what is inside is not signed as agreed"


def closed(refused: Refused) -> Refused:
    """The one answer to whatever goes wrong inside an encrypted message before a signature was read.

    CBC without authentication can be forged block by block; whoever could tell wrong padding from wrong content by the answers would decipher
    a captured message with them (Vaudenay 2002; RFC 5652 section 14).
    """
    return refused if refused.sure else Refused(Modifier.DECRYPTION, CLOSED, sure=True, reason=refused.reason or refused.words)
