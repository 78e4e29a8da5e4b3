"""The Message-ID of what is sent: it holds our own identity of the message and its MIC, so that a late receipt needs no memory to be judged.

`<message id>.<MIC>@<our name>`: the same command gives the same bytes and so the same id; a receipt names it, and shows by it what it must
vouch for, days later and after any restart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final
from urllib.parse import quote, unquote

from crossdock.edi.as2.digests import Mic

LONGEST: Final = 150
SHOWN: Final = 40
_WIRE: Final = re.compile(r"^(?P<id>.+)\.(?P<mic>[0-9a-f]{40})@[^@]*$")


def wire_id(message_id: str, mic: Mic, our_name: str) -> str:
    """The Message-ID without angle brackets."""
    host = re.sub(r"[^A-Za-z0-9-]+", "-", our_name).strip("-").lower() or "hub"
    return f"{_written(message_id)}.{_short(mic)}@{host}"


def own_id(wire: str) -> str:
    """Our identity in a Message-ID; empty when it is none of ours. One that was too long is its digest, `#...`."""
    found = _WIRE.match(wire)
    return unquote(found["id"]) if found else ""


def vouched(wire: str, mic: Mic) -> bool:
    """Whether a receipt's MIC is the one of the message with this id."""
    found = _WIRE.match(wire)
    return found is not None and found["mic"] == _short(mic)


def _written(message_id: str) -> str:
    text = quote(message_id, safe="-_+")
    # dots are allowed between characters only
    text = text.replace(".", "%2E")
    return text if len(text) <= LONGEST else "%23" + hashlib.sha256(message_id.encode()).hexdigest()


def _short(mic: Mic) -> str:
    try:
        return base64.b64decode(mic.value + "==", validate=False)[: SHOWN // 2].hex()
    except (binascii.Error, ValueError):
        return ""
