"""Writes of the API that carry an `Idempotency-Key`: carried out once, answered the same way again; knows no operation."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from crossdock.workbench.api_problem import Problem

KEPT: Final = timedelta(hours=24)
"""How long an answer is kept to be given again."""
WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LATER: Final = frozenset({429, 502, 503, 504})
"""Answers after which the same request is to be tried again: they are not kept."""


class Again(Problem):
    """The answer of before, given again."""

    def __init__(self, answered: HttpResponse) -> None:
        super().__init__(answered.status_code, "api.again", "This was answered before.")
        self.before = answered


def give(error: Exception) -> HttpResponse | None:
    """The answer of before when that is what was raised."""
    return error.before if isinstance(error, Again) else None


def _fingerprint(request: Any) -> str:
    head = f"{request.method} {request.get_full_path()}\n".encode()
    # keyed: what was sent may hold a credential, and a plain hash of it would let somebody with the table guess
    return salted_hmac("crossdock.once", head + _sent(request), algorithm="sha256").hexdigest()


def _sent(request: Any) -> bytes:
    """What the request carries. A form with files is read already: its bytes are gone, its fields and files are here."""
    if request.content_type != "multipart/form-data":
        return bytes(request.body)
    found = [repr(sorted(request.POST.lists())).encode()]
    for name, file in sorted(request.FILES.items()):
        found += [repr((name, file.name)).encode(), hashlib.sha256(file.read()).digest()]
        file.seek(0)
    return b"\n".join(found)


def begin(request: Any) -> None:
    """Note that a write begins. Raises `Again` with the answer of before, or `Problem` when the key was used for something else, or
    when what it began has not ended."""
    from crossdock.workbench.accounts.models import Answered

    key = request.headers.get("idempotency-key", "")
    if not key or request.method not in WRITES:
        return
    if len(key) > 255 or not key.isprintable():
        raise Problem(422, "api.idempotency_key", "The Idempotency-Key is longer than 255 characters.", "Use a UUID.")
    now, fingerprint = timezone.now(), _fingerprint(request)
    person = (request.person.key or request.person.name)[:150]
    Answered.objects.filter(at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            request.answered_once = Answered.objects.create(person=person, key=key, fingerprint=fingerprint, at=now)
        return
    except IntegrityError:
        row = Answered.objects.get(person=person, key=key)
    if row.fingerprint != fingerprint:
        hint = "Use a new key for each request; the same key only to send the same request again."
        raise Problem(422, "api.idempotency_conflict", "This Idempotency-Key was used for another request.", hint)
    if not row.status:
        hint = "Wait; if it stays so, the process ended amid it: look whether it took effect, then use a new key."
        raise Problem(
            409, "api.idempotency_open", "The request with this Idempotency-Key has not ended.", hint, {"Retry-After": "1"}
        )
    answer = HttpResponse(bytes(row.body), status=row.status, content_type=row.content_type or None)
    answer.headers["Idempotency-Replayed"] = "true"
    raise Again(answer)


def secret(request: Any) -> None:
    """The answer holds what is shown once: it is not kept, and asked for again it is told that it was shown."""
    request.answer_is_secret = True


def end(request: Any, answer: Any) -> None:
    """Keep the answer of a write that began."""
    row = getattr(request, "answered_once", None)
    if row is None:
        return
    if answer.status_code in LATER:
        row.delete()
        return
    if getattr(request, "answer_is_secret", False) and answer.status_code < 400:
        hint = "If you did not get it, revoke what was made and make another one with a new key."
        answer = Problem(409, "api.idempotency_secret", "This was done, and its secret was shown once.", hint).answer()
    row.status, row.body, row.content_type = answer.status_code, answer.content, answer.headers.get("Content-Type", "")[:100]
    row.save(update_fields=["status", "body", "content_type"])
