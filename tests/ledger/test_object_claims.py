"""Large bodies in an S3-compatible store on loopback: kept whole, told apart when gone, altered or out of reach."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest

pytest.importorskip("obstore", reason="the extra `objectstore` is not installed")
server = pytest.importorskip("moto.server", reason="moto's server is a development dependency")

from crossdock.core.errors import PayloadStoreUnavailable  # noqa: E402
from crossdock.ledger.object_claims import ObjectClaims, ObjectStoreUnusable  # noqa: E402

BODY = os.urandom(300_000) + b"x" * 300_000


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 that forgets everything at the end."""
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import boto3

    for name, value in {
        "AWS_ACCESS_KEY_ID": "a-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret-key",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    client = boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1")
    name = f"bucket-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name


def objects(endpoint: str, bucket: str) -> list[str]:
    import boto3

    client = boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1")
    return [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def put(claims: ObjectClaims, body: bytes = BODY) -> str:
    return claims.put(body, hashlib.sha256(body).digest())


def test_a_body_is_kept_whole_below_the_prefix(endpoint: str, bucket: str) -> None:
    claims = ObjectClaims.at(f"s3://{bucket}/hub/payloads")
    claim = put(claims)
    assert claims.get(claim) == BODY
    assert put(claims) == claim
    [key] = objects(endpoint, bucket)
    assert key.startswith("hub/payloads/") and key.endswith(claim.removeprefix("sha256:"))


@pytest.mark.parametrize("body", [b"", b"\x28\xb5\x2f\xfd not really zstd", b"{}" * 200_000])
def test_any_bytes_come_back_as_they_were(bucket: str, body: bytes) -> None:
    claims = ObjectClaims.at(f"s3://{bucket}")
    assert claims.get(put(claims, body)) == body


def test_gone_and_altered_bodies_are_told_apart_from_a_store_that_is_away(endpoint: str, bucket: str) -> None:
    import boto3

    claims = ObjectClaims.at(f"s3://{bucket}")
    claim = put(claims)
    client = boto3.client("s3", endpoint_url=endpoint, region_name="eu-central-1")
    [key] = objects(endpoint, bucket)
    client.put_object(Bucket=bucket, Key=key, Body=b"something else")
    with pytest.raises(KeyError):
        claims.get(claim)
    client.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(KeyError):
        claims.get(claim)
    with pytest.raises(PayloadStoreUnavailable):
        put(ObjectClaims.at("s3://there-is-no-such-bucket"))


def test_a_store_out_of_reach_says_so_and_no_secret(monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("crossdock.ledger.object_claims.RETRY", {"max_retries": 0})
    claims = ObjectClaims.at(f"s3://{bucket}")
    for attempt in (lambda: put(claims), lambda: claims.get("sha256:" + "0" * 64)):
        with pytest.raises(PayloadStoreUnavailable) as caught:
            attempt()
        assert "secret" not in str(caught.value) and "127.0.0.1" not in str(caught.value)
    assert claims.drop("sha256:" + "0" * 64) is False


def test_only_what_nobody_stored_a_moment_ago_is_dropped(endpoint: str, bucket: str) -> None:
    claims = ObjectClaims.at(f"s3://{bucket}")
    claim = put(claims)
    assert claims.drop(claim) is False
    claims._grace *= 0
    assert claims.drop(claim) is True
    assert objects(endpoint, bucket) == []
    assert claims.drop(claim) is True


def test_a_url_that_cannot_be_used_is_misconfigured() -> None:
    with pytest.raises(ObjectStoreUnusable, match="ftp"):
        ObjectClaims.at("ftp://somewhere/x")
