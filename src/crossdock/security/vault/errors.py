"""What can be wrong with a vault and with what is asked of it."""

from __future__ import annotations

from crossdock.core.errors import Deferred, Misconfigured, Rejected


class VaultUnavailable(Deferred):
    """The vault does not answer, and what was read from it is older than may be used."""

    code = "vault.unavailable"
    hint = "Bring the vault back; what waits goes on by itself. How long a value read before may be used is `vault.cache` in the environment's file."


class VaultRefused(Misconfigured):
    """The vault does not let this hub in."""

    code = "vault.refused"
    hint = "Give the hub a token or an AppRole that may read (and, to store and rotate, write) the paths its landscape names."


class VaultInvalid(Misconfigured):
    """The vault cannot be used as the environment's file describes it."""

    code = "vault.invalid"
    hint = "Mend `vault:` in the environment's file; see docs/how-to/keep-credentials.md."


class VaultNotMade(Misconfigured):
    """The embedded vault was not made yet."""

    code = "vault.not_made"
    hint = "Run `crossdock vault init` once; it makes the ledger too where there is none yet."


class MasterKeyInvalid(Misconfigured):
    """The master key cannot be used."""

    code = "vault.master_key_invalid"
    hint = "A master key is 32 bytes as 64 hexadecimal digits or base64 (`crossdock vault init --new-key FILE` makes one), or a command that wraps and unwraps."


class MasterKeyMismatch(Misconfigured):
    """This master key did not seal the vault."""

    code = "vault.master_key_mismatch"
    hint = (
        "Give the hub the key the vault was sealed with (`vault.master_key`, after a re-key its successor); nothing was changed."
    )


class SealBroken(Misconfigured):
    """A sealed credential was altered, or put in another one's place."""

    code = "vault.seal_broken"
    hint = "Find out who changed the ledger, then store the credential anew with `crossdock vault set`."


class CredentialRevoked(Misconfigured):
    """This credential was revoked."""

    code = "vault.revoked"
    hint = "Make a new credential at the system and store it under the same reference (`crossdock vault set`, or the page Credentials); that lifts the revocation."


class StoredMeanwhile(Rejected):
    """Somebody else stored this credential at the same moment."""

    code = "vault.stored_meanwhile"
    hint = "Look who did (`crossdock vault log`), then decide whether to store yours."


class RotationImpossible(Rejected):
    """The hub cannot rotate this credential by itself."""

    code = "vault.rotation_impossible"
    hint = "Make a new credential at the system and store it under the same reference: `crossdock vault set`, or the page Credentials."


class RotationInterrupted(Rejected):
    """The hub was interrupted while a system made a new credential; nobody knows whether it did."""

    code = "vault.rotation_interrupted"
    hint = "Look at the system for a credential of the name that is told and delete it there, then ask for the rotation again."
