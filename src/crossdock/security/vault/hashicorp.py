"""HashiCorp Vault and OpenBao through their HTTP API (KV version 2), by hvac; knows no ledger."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from crossdock.security.vault.errors import StoredMeanwhile, VaultInvalid, VaultRefused, VaultUnavailable
from crossdock.security.vault.protocol import Document

if TYPE_CHECKING:
    import hvac

T = TypeVar("T")
SECONDS: Final = 5.0
DEEPEST: Final = 8
"""Folders below each other that are looked into."""


class HashicorpVault:
    """`login` gives a token, or role and secret id of an AppRole, at the moment of use; a token that ended is fetched anew once."""

    def __init__(
        self, url: str, login: Callable[[], tuple[str, ...]], mount: str = "secret", namespace: str = "", authority: str = "",
        seconds: float = SECONDS,
    ) -> None:  # fmt: skip
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise VaultInvalid("the vault's address (`vault.url`) is no http(s) address")
        if parts.scheme == "http" and not _loopback(parts.hostname):
            raise VaultInvalid("a vault on another machine is reached over https only")
        self._url = url
        self._login = login
        self._mount = mount
        self._namespace = namespace
        self._authority = authority
        self._seconds = seconds
        self._client: hvac.Client | None = None
        self._one_at_a_time = threading.RLock()

    def __repr__(self) -> str:
        return f"HashicorpVault({urlsplit(self._url).netloc!r})"

    def close(self) -> None:
        with self._one_at_a_time:
            if self._client is not None:
                self._client.adapter.close()
                self._client = None

    def read(self, path: str) -> Document:
        from hvac.exceptions import InvalidPath

        try:
            answer = self._call(
                lambda c: c.secrets.kv.v2.read_secret_version(path, mount_point=self._mount, raise_on_deleted_version=True)
            )
        except InvalidPath:
            return Document(self._version(path))
        data = answer["data"]
        fields = {str(name): str(value) for name, value in (data.get("data") or {}).items()}
        return Document(int(data["metadata"]["version"]), fields)

    def _version(self, path: str) -> int:
        """The newest version of a path whose content is gone: a write must be made against it."""
        from hvac.exceptions import InvalidPath

        try:
            found = self._call(lambda c: c.secrets.kv.v2.read_secret_metadata(path, mount_point=self._mount))
        except InvalidPath:
            return 0
        return int(found["data"]["current_version"])

    def write(self, path: str, fields: Mapping[str, str], seen: int) -> int:
        from hvac.exceptions import InvalidRequest

        try:
            answer = self._call(
                lambda c: c.secrets.kv.v2.create_or_update_secret(path, dict(fields), cas=seen, mount_point=self._mount)
            )
        except InvalidRequest:
            raise StoredMeanwhile(f"vault:{path} was stored by somebody else meanwhile, or cannot be stored so") from None
        version = int(answer["data"]["version"])
        if version > 1:
            older = list(range(max(1, version - 10), version))
            self._call(lambda c: c.secrets.kv.v2.destroy_secret_versions(path, older, mount_point=self._mount))
        return version

    def delete(self, path: str) -> None:
        from hvac.exceptions import InvalidPath

        try:
            self._call(lambda c: c.secrets.kv.v2.delete_metadata_and_all_versions(path, mount_point=self._mount))
        except InvalidPath:
            return

    def paths(self) -> list[str]:
        return sorted(self._below("", DEEPEST))

    def _below(self, folder: str, depth: int) -> list[str]:
        from hvac.exceptions import InvalidPath

        try:
            listed = self._call(lambda c: c.secrets.kv.v2.list_secrets(folder, mount_point=self._mount))["data"]["keys"]
        except InvalidPath:
            return []
        found: list[str] = []
        for name in listed:
            if not name.endswith("/"):
                found.append(f"{folder}{name}")
            elif depth:
                found += self._below(f"{folder}{name}", depth - 1)
        return found

    def check(self) -> None:
        self._call(lambda c: c.auth.token.lookup_self())

    # --- calls ----------------------------------------------------------------------------------------------

    def _call(self, work: Callable[[Any], T]) -> T:
        """One call; a refused one is tried again with a new log-in. Raises `VaultUnavailable`, `VaultRefused`, and what hvac says of a path."""
        from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, Unauthorized, VaultError
        from requests.exceptions import RequestException

        with self._one_at_a_time:
            for last in (False, True):
                try:
                    return work(self._opened())
                except (Forbidden, Unauthorized):
                    self.close()
                    if last:
                        raise VaultRefused("the vault refuses this hub's token or role") from None
                except (InvalidPath, InvalidRequest):
                    raise
                except (VaultError, RequestException, OSError) as error:
                    raise VaultUnavailable(f"the vault does not answer ({type(error).__name__})") from None
        raise VaultRefused("the vault refuses this hub")

    def _opened(self) -> Any:
        if self._client is None:
            import hvac
            from hvac.exceptions import InvalidRequest

            found = hvac.Client(
                url=self._url, timeout=self._seconds, verify=self._authority or True, namespace=self._namespace or None,
                token="", allow_redirects=False,
            )  # fmt: skip
            given = self._login()
            if len(given) == 1:
                found.token = given[0]
            else:
                try:
                    found.auth.approle.login(*given)
                except InvalidRequest:
                    raise VaultRefused("the vault does not know this AppRole's id or secret id") from None
            self._client = found
        return self._client


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
