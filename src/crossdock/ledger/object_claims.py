"""Large bodies in an object store (S3 and what speaks like it): the claim check of a ledger whose machines share no disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from crossdock.core.errors import Misconfigured, PayloadStoreUnavailable
from crossdock.ledger.payloads import encode, opened

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES: Final = frozenset({"s3", "gs", "az", "memory"})
TIMEOUT: Final = timedelta(seconds=15)
RETRY: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


class ObjectStoreUnusable(Misconfigured):
    """The object store of CROSSDOCK_PAYLOADS cannot be used as it is configured."""

    code = "ledger.object_store_unusable"
    hint = "Install `crossdock[objectstore]` and write s3://bucket/prefix; region, endpoint and credentials come from the AWS_ variables."


class ObjectClaims:
    """Claims as objects named by their SHA-256 below a prefix; `put` returns when the store has acknowledged the whole object.

    Bucket and prefix come from the URL, region, endpoint and credentials from the variables the store's own tools use (`AWS_REGION`,
    `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, ...; an instance's role needs none). An object that was stored, or stored again, less than
    `grace` seconds ago is not dropped: its message may not be committed yet.
    """

    def __init__(self, store: ObjectStore, grace: float = 300.0) -> None:
        self._store = store
        self._grace = timedelta(seconds=grace)

    @classmethod
    def at(cls, url: str, **config: Any) -> ObjectClaims:
        """The store at a URL (`s3://bucket/prefix`). Raises `ObjectStoreUnusable`."""
        scheme = urlsplit(url).scheme
        if scheme not in SCHEMES:
            raise ObjectStoreUnusable(f"payloads cannot be kept at {scheme}://")
        try:
            from obstore.store import from_url
        except ImportError:
            raise ObjectStoreUnusable(f"{scheme}:// needs the extra `objectstore`") from None
        from obstore.exceptions import BaseError

        options: dict[str, Any] = {"timeout": TIMEOUT, "connect_timeout": timedelta(seconds=5), "allow_http": True}
        try:
            store = from_url(url, client_options=options, retry_config=RETRY, **config)  # type: ignore[call-overload]
        except (BaseError, ValueError) as error:
            raise ObjectStoreUnusable(f"{scheme}://…: {_told(error)}") from None
        return cls(store)

    def _path(self, claim: str) -> str:
        digest = claim.removeprefix("sha256:")
        return f"{digest[:2]}/{digest}"

    def put(self, body: bytes, digest: bytes) -> str:
        """Store durably. Raises `PayloadStoreUnavailable`; then the message is not accepted either."""
        from obstore.exceptions import BaseError

        claim = f"sha256:{digest.hex()}"
        try:
            # written again also when it is there: its age says that it is in use
            self._store.put(self._path(claim), encode(body)[1])
        except (BaseError, OSError) as error:
            raise PayloadStoreUnavailable(f"a large body cannot be kept: {_told(error)}") from None
        return claim

    def get(self, claim: str) -> bytes:
        """The bytes of a claim. Raises KeyError when they are gone or altered, `PayloadStoreUnavailable` when nobody can say."""
        from obstore.exceptions import BaseError, NotFoundError

        try:
            stored = bytes(self._store.get(self._path(claim)).bytes())
        except (NotFoundError, FileNotFoundError):
            raise KeyError(claim) from None
        except (BaseError, OSError) as error:
            raise PayloadStoreUnavailable(f"a large body cannot be fetched: {_told(error)}") from None
        return opened(stored, claim)

    def drop(self, claim: str) -> bool:
        """Remove an object; False when it was stored a moment ago, or when the store is away: then it is tried again."""
        from obstore.exceptions import BaseError, NotFoundError

        path = self._path(claim)
        try:
            if datetime.now(UTC) - self._store.head(path)["last_modified"] < self._grace:
                return False
            self._store.delete(path)
        except (NotFoundError, FileNotFoundError):
            return True
        except (BaseError, OSError):
            return False
        return True


def _told(error: BaseException) -> str:
    """What a person needs of an error; never a URL with a signature, nor a whole answer."""
    return type(error).__name__
