"""What can be wrong with exports of the audit chain and with where they are kept."""

from __future__ import annotations

from crossdock.core.errors import Deferred, Misconfigured, Rejected


class ChainBroken(Rejected):
    """The audit chain does not hold, so that it is not exported as if it did."""

    code = "audit.chain_broken"
    hint = "Run `crossdock audit verify`, keep the ledger as it is and call the security reviewer."


class ExportUnreadable(Rejected):
    """The file is no export of an audit chain that this release reads."""

    code = "audit.export_unreadable"
    hint = "Name a file that `crossdock audit export` wrote; docs/reference/audit-export.md says what is in it."


class ExportExists(Rejected):
    """An export of this name is there already, and what was exported is never written again."""

    code = "audit.export_exists"
    hint = "Exports are written once: name another folder, or remove nothing and run the export again later."


class PublicKeyUnusable(Misconfigured):
    """The public key for the verification cannot be used."""

    code = "audit.public_key_unusable"
    hint = "Give `ed25519:` and 64 hexadecimal digits, as `crossdock signing-key FILE` shows them; ask for it by another way than the export came."


class StoreUnusable(Misconfigured):
    """The write-once store cannot be used as it is configured."""

    code = "audit.store_unusable"
    hint = (
        "The bucket needs object lock; region, endpoint and credentials come from AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY. A folder must exist and be writable."
    )


class StoreAway(Deferred):
    """The write-once store does not answer at the moment."""

    code = "audit.store_away"
    hint = "Nothing was written that counts; run the export again."


class NothingKnown(Rejected):
    """The ledger knows no transaction of this name."""

    code = "audit.nothing_known"
    hint = "Give the whole number, key or reference, as `crossdock trace` takes it."
