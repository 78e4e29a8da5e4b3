"""What can be wrong with a bundle and its promotion."""

from __future__ import annotations

from crossdock.core.errors import Misconfigured, Rejected


class BundleUnreadable(Rejected):
    """The file is no bundle, or it was damaged."""

    code = "bundle.unreadable"
    hint = "Make it again with `crossdock bundle`; nothing was changed."


class BundleAltered(Rejected):
    """The content of the bundle is not what was signed."""

    code = "bundle.altered"
    hint = "Find out who changed it on the way, and ask for the original; nothing was changed."


class BundleUnsigned(Rejected):
    """The bundle is not signed by a key this environment trusts."""

    code = "bundle.unsigned"
    hint = "Sign it with a trusted key (`crossdock bundle --key`), or let the environment's file name the key under `promotion.keys`."


class BundleUnfit(Rejected):
    """The bundle does not fit this environment."""

    code = "bundle.unfit"
    hint = "Mend what is listed (a missing binding belongs in the environment's file, everything else in the landscape), and make a new bundle."


class BundleUnapproved(Rejected):
    """The change has not been approved as the policies ask."""

    code = "bundle.unapproved"
    hint = "Let the teams that are named approve this bundle, then promote it again."


class SigningKeyUnusable(Misconfigured):
    """The signing key cannot be used."""

    code = "bundle.key_unusable"
    hint = "Name a reference (`env:NAME`, `file:path`) to a private key as `crossdock signing-key new` makes it."


class BundleNotWritten(Misconfigured):
    """The bundle or key cannot be written there."""

    code = "bundle.not_written"
    hint = "Name a file in a folder that exists and may be written; a key that is there already is never overwritten."


class ReleaseNotRunning(Misconfigured):
    """The promoted bundle does not run on this machine; the one before goes on."""

    code = "release.not_running"
    hint = "Mend this machine's bindings (the environment's file, its secrets) and restart it, or promote a bundle that fits: `crossdock promote --rollback`."


class NothingToGoBackTo(Rejected):
    """There is no earlier promotion to go back to."""

    code = "release.nothing_earlier"
    hint = "See `crossdock releases`; a bundle that never ran here is promoted with its file."
