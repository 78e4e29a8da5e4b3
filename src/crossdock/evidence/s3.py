"""A bucket whose objects are locked: PUT, GET and list of S3 signed by AWS Signature Version 4, with object lock in compliance mode."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from crossdock.evidence.errors import ExportExists, StoreAway, StoreUnusable

TIMEOUT: Final = 60
LARGEST: Final = 5 * 1024**3
"""Bytes one PUT may carry (S3)."""


@dataclass(frozen=True, slots=True)
class LockedBucket:
    """A bucket with object lock. An object is retained in compliance mode for `keep_days`: nobody removes it before, not even its owner."""

    endpoint: str
    bucket: str
    prefix: str
    region: str
    access: str
    secret: str
    token: str
    keep_days: int

    @classmethod
    def at(cls, url: str, keep_days: int, environment: Mapping[str, str] = os.environ) -> LockedBucket:
        """The bucket at `s3://bucket/prefix` with what the AWS_ variables say. Raises `StoreUnusable`."""
        parts = urlsplit(url)
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
        access, secret = environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
        if not (parts.netloc and access and secret):
            raise StoreUnusable("the bucket or its credentials are not named")
        if keep_days < 1:
            raise StoreUnusable("an object is locked for at least one day")
        endpoint = (
            environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or f"https://s3.{region}.amazonaws.com"
        )
        prefix = parts.path.strip("/")
        return cls(
            endpoint.rstrip("/"), parts.netloc, f"{prefix}/" if prefix else "", region, access, secret,
            environment.get("AWS_SESSION_TOKEN", ""), keep_days,
        )  # fmt: skip

    def names(self) -> list[str]:
        """The exports that are there. Raises `StoreAway` or `StoreUnusable`."""
        found: list[str] = []
        more = ""
        while True:
            query = {"list-type": "2", "prefix": self.prefix + "audit-", **({"continuation-token": more} if more else {})}
            text = self._ask("GET", "", query).decode()
            found += [each.removeprefix(self.prefix) for each in re.findall(r"<Key>([^<]*)</Key>", text)]
            following = re.search(r"<NextContinuationToken>([^<]*)</NextContinuationToken>", text)
            if following is None:
                return sorted(each for each in found if re.fullmatch(r"audit-\d{6}\.jsonl", each))
            more = following[1]

    def read(self, name: str) -> bytes:
        """An object's bytes. Raises `StoreAway` or `StoreUnusable`."""
        return self._ask("GET", self.prefix + name)

    def put(self, name: str, file: Path) -> str:
        """Store an object that is not there yet, locked. Raises `ExportExists`, `StoreAway` or `StoreUnusable`."""
        import base64

        body = file.read_bytes()
        if len(body) > LARGEST:
            raise StoreUnusable("the export is larger than one object may be; export more often")
        if name in self.names():
            raise ExportExists(f"s3://{self.bucket}/{self.prefix}{name} is there already")
        until = datetime.now(UTC) + timedelta(days=self.keep_days)
        headers = {
            "content-type": "application/jsonl",
            "if-none-match": "*",
            "x-amz-sdk-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
            "x-amz-object-lock-mode": "COMPLIANCE",
            "x-amz-object-lock-retain-until-date": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self._ask("PUT", self.prefix + name, {}, body, headers)
        return f"s3://{self.bucket}/{self.prefix}{name}"

    def _ask(
        self,
        method: str,
        key: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        path = f"/{self.bucket}/{quote(key, safe='/-_.~')}"
        asked = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in sorted((query or {}).items()))
        url = f"{self.endpoint}{path}" + (f"?{asked}" if asked else "")
        if urlsplit(url).scheme not in ("https", "http"):
            raise StoreUnusable("the endpoint is no web address")
        signed = self._signed(method, path, asked, body, dict(headers or {}), datetime.now(UTC))
        request = urllib.request.Request(url, data=body or None, headers=signed, method=method)  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            code = re.search(rb"<Code>([A-Za-z]+)</Code>", error.read(4096))
            said = code[1].decode() if code else str(error.code)
            if error.code == 412:
                raise ExportExists(f"s3://{self.bucket}/{key} is there already") from None
            if error.code >= 500 or error.code == 429:
                raise StoreAway(f"the bucket answered {said}") from None
            raise StoreUnusable(f"the bucket refused it: {said}") from None
        except (OSError, ValueError) as error:
            raise StoreAway(f"the bucket does not answer: {type(error).__name__}") from None

    def _signed(self, method: str, path: str, query: str, body: bytes, headers: dict[str, str], now: datetime) -> dict[str, str]:
        """The headers with a signature over all of them (AWS Signature Version 4)."""
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        payload = hashlib.sha256(body).hexdigest()
        headers |= {"host": urlsplit(self.endpoint).netloc, "x-amz-date": stamp, "x-amz-content-sha256": payload}
        if self.token:
            headers["x-amz-security-token"] = self.token
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
        canonical = "\n".join((method, path, query, lines, names, payload))
        scope = f"{day}/{self.region}/s3/aws4_request"
        text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        key = f"AWS4{self.secret}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        credential = f"AWS4-HMAC-SHA256 Credential={self.access}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**headers, "authorization": credential}
