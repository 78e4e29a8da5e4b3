"""Exports in a bucket with object lock, on an S3 of this machine: locked, never written twice, told apart from what cannot be used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

server = pytest.importorskip("moto.server", reason="moto's server is a development dependency")

from crossdock.evidence.errors import ExportExists, StoreAway, StoreUnusable  # noqa: E402
from crossdock.evidence.s3 import LockedBucket  # noqa: E402

NAME = "audit-000001.jsonl"


@pytest.fixture(scope="module")
def bucket() -> Iterator[LockedBucket]:
    """An S3 that forgets everything at the end, and a bucket in it whose objects can be locked."""
    import boto3

    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {
        "AWS_ACCESS_KEY_ID": "a-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": endpoint,
    }
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="a-key", aws_secret_access_key="a-secret"
    )
    name = f"audit-{os.urandom(4).hex()}"
    client.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}, ObjectLockEnabledForBucket=True
    )
    yield LockedBucket.at(f"s3://{name}/hub one", 30, keys)
    running.stop()


def test_an_object_is_locked_and_never_written_twice(bucket: LockedBucket, tmp_path: Path) -> None:
    import boto3

    file = tmp_path / NAME
    file.write_bytes(b"one\n")
    assert bucket.names() == []
    assert bucket.put(NAME, file) == f"s3://{bucket.bucket}/hub one/{NAME}"
    assert (bucket.names(), bucket.read(NAME)) == ([NAME], b"one\n")
    file.write_bytes(b"two\n")
    with pytest.raises(ExportExists):
        bucket.put(NAME, file)
    assert bucket.read(NAME) == b"one\n"

    client = boto3.client(
        "s3",
        endpoint_url=bucket.endpoint,
        region_name="eu-central-1",
        aws_access_key_id="a-key",
        aws_secret_access_key="a-secret",
    )
    held = client.head_object(Bucket=bucket.bucket, Key=f"hub one/{NAME}")
    assert held["ObjectLockMode"] == "COMPLIANCE"
    assert timedelta(days=29) < held["ObjectLockRetainUntilDate"] - datetime.now(UTC) < timedelta(days=31)


def test_the_signature_is_that_of_amazons_own_tools(bucket: LockedBucket) -> None:
    """The same request signed by botocore has the same signature: the simulator does not check it."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    now = datetime.now(UTC)
    ours = bucket._signed("GET", f"/{bucket.bucket}/hub%20one/{NAME}", "list-type=2", b"", {}, now)
    request = AWSRequest("GET", f"{bucket.endpoint}/{bucket.bucket}/hub%20one/{NAME}?list-type=2")
    signer = S3SigV4Auth(Credentials("a-key", "a-secret"), "s3", "eu-central-1")
    request.context.update(timestamp=ours["x-amz-date"], payload_signing_enabled=True)
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert ours["authorization"].endswith(f"Signature={signer.signature(text, request)}")


def test_what_cannot_be_used_says_so(bucket: LockedBucket, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"one\n")
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": bucket.endpoint}
    with pytest.raises(StoreUnusable, match="NoSuchBucket"):
        LockedBucket.at("s3://nobody-has-this/hub", 30, keys).put(NAME, tmp_path / NAME)
    with pytest.raises(StoreUnusable, match="credentials"):
        LockedBucket.at("s3://bucket/hub", 30, {})
    with pytest.raises(StoreAway):
        LockedBucket.at("s3://bucket/hub", 30, {**keys, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).names()
