"""What can be wrong with the landscape and the credentials and routes it names."""

from __future__ import annotations

from crossdock.core.errors.tree import Misconfigured, Rejected


class LandscapeInvalid(Misconfigured):
    """The landscape cannot be used as it is."""

    code = "landscape.invalid"
    hint = "Run `crossdock check` and mend what it lists."


class LandscapeAbsent(LandscapeInvalid):
    """There is no landscape in this folder."""

    code = "landscape.absent"
    hint = "Go to the landscape's folder or name it; `crossdock init NAME` makes a new one."


class SecretMissing(Misconfigured):
    """A credential the landscape refers to is not in the vault."""

    code = "vault.secret_missing"
    hint = "Provide what the reference names: the environment variable, or the file in the folder of secrets (see the system's `credentials`)."


class SecretNotWritable(Rejected):
    """This credential cannot be stored from here."""

    code = "vault.not_writable"
    hint = "Store it where its reference points: in the hub's environment, in a file elsewhere, or with whoever runs the vault."


class CredentialExpiring(Rejected):
    """A credential is about to expire."""

    code = "vault.credential_expiring"
    hint = "Make a new credential at the system and store it under the same reference before that day."


class AlertUntold(Rejected):
    """An alert reached nobody."""

    code = "alert.untold"
    hint = "Mend the alert route in policies.yaml, its secret or the mail relay; the hub goes on trying. See docs/how-to/route-alerts.md."
