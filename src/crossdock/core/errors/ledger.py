"""What can be wrong with the ledger, the store of large bodies beside it, the audit chain, and who owns a partition."""

from __future__ import annotations

from crossdock.core.errors.tree import CrossdockError, Deferred, Misconfigured, Rejected


class LedgerUnavailable(Deferred):
    """The ledger's database cannot be used at the moment."""

    code = "ledger.unavailable"
    hint = "Check the database server and the free disk space; the hub goes on by itself."


class PayloadStoreUnavailable(LedgerUnavailable):
    """The store of large bodies cannot be used at the moment."""

    code = "ledger.payloads_unavailable"
    hint = "Check CROSSDOCK_PAYLOADS, its credentials and the store; what waits goes on by itself, nothing is lost."


class LedgerDamaged(LedgerUnavailable):
    """The ledger's file is damaged."""

    code = "ledger.damaged"
    hint = "Stop the hub, keep the file for whoever finds out why, check the disk, and restore the last backup."


class PayloadLost(Rejected):
    """The message's body is not where it was put, or was altered there."""

    code = "ledger.payload_lost"
    hint = "Restore the payload folder or bucket from its backup, then retry; else ask the sender to send it again."


class PayloadLocked(LedgerUnavailable):
    """Payloads are encrypted, and their key is not given."""

    code = "ledger.payload_locked"
    hint = "Give the environment the key it was encrypted with: `encryption: {key: ..., previous: [...]}` in environments/*.yaml."


class EncryptionKeyUnfit(Misconfigured):
    """What is named as the key of payloads is no key."""

    code = "ledger.encryption_key_unfit"
    hint = "Store 32 random bytes as base64 under the reference: `openssl rand -base64 32`."


class EncryptionKeyMissing(Misconfigured):
    """A data class is marked encrypted, and the environment names no key: payloads would be stored readable."""

    code = "ledger.encryption_key_missing"
    hint = (
        "Say where the key is in environments/*.yaml: `encryption: {key: vault:payloads}`; `openssl rand -base64 32` makes one."
    )


class PartitionsChanged(Misconfigured):
    """The landscape has another number of partitions than the ledger was made with."""

    code = "ledger.partitions_changed"
    hint = "Set `partitions` in crossdock.yaml back: with another number, what is open would be lost from sight and order would break."


class Fenced(CrossdockError):
    """Another worker owns this partition now; what this worker did was not recorded."""

    code = "engine.fenced"
    family = "deferred"
    hint = "Nothing to do: the new owner goes on."


class AuditBroken(CrossdockError):
    """The audit chain does not match the records."""

    code = "audit.broken"
    family = "rejected"
    hint = "Keep the ledger as it is and call the security reviewer; the first broken link is in the detail."
