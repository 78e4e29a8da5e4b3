"""Partitions: which one a business key belongs to; the one concept for order, scale and failover."""

from __future__ import annotations

from zlib import crc32


def partition_of(key: str, partitions: int) -> int:
    """The partition of a business key: CRC-32 modulo the number of partitions, the same on every machine and version."""
    return crc32(key.encode()) % partitions
