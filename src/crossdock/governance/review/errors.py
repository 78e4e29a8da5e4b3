"""What the review board refuses."""

from __future__ import annotations

from crossdock.core.errors import Misconfigured, Rejected


class OwnChange(Rejected):
    """Nobody decides about their own change."""

    code = "review.own_change"
    hint = "Ask somebody else of a team that is asked; who opened the request or made its bundle cannot."


class NotAReviewer(Rejected):
    """This change does not ask for your team."""

    code = "review.not_a_reviewer"
    hint = "See which teams are asked (`crossdock review show`); an administrator puts people into teams."


class ReviewClosed(Rejected):
    """The change request is decided, expired or does not stand any more."""

    code = "review.closed"
    hint = "Open a new request with the bundle; what was decided stays in the decision log."


class DecidedTwice(Rejected):
    """You decided about this change already."""

    code = "review.decided_twice"
    hint = "One person speaks once, for one team. Somebody else has to give what is still missing."


class EvidenceMissing(Rejected):
    """The hub has not attached the evidence yet."""

    code = "review.evidence_missing"
    hint = "Wait until the hub has gathered it, or gather it now: `crossdock review evidence NUMBER`."


class EvidenceAgainst(Rejected):
    """The evidence speaks against the change."""

    code = "review.evidence_against"
    hint = "Mend the landscape and open a new request, or let the owner waive what is named (`crossdock review waive`)."


class DifferencesUnseen(Rejected):
    """Real messages come out differently, and the approval does not say that this was seen."""

    code = "review.differences_unseen"
    hint = "Look at the comparison, then say so: the box on the page, or `--differences-seen`."


class ReviewStale(Rejected):
    """Something else runs by now than what this change was compared with."""

    code = "review.stale"
    hint = "Open a new request with the bundle, so that people see what it changes today."


class NoEmergencyPath(Rejected):
    """The policies give you no way to let this run before it was reviewed."""

    code = "review.no_emergency"
    hint = "`board.emergency` in policies.yaml names the teams that may; else ask for the ordinary approvals."


class WaiverRefused(Rejected):
    """The waiver cannot be given."""

    code = "review.waiver_refused"
    hint = "Only the team that owns the standard waives it, with a reason, for a limited time."


class ReasonMissing(Rejected):
    """A decision needs a reason."""

    code = "review.reason_missing"
    hint = "Say why in a sentence; it is kept in the decision log."


class NothingToReview(Rejected):
    """The bundle changes nothing of what runs."""

    code = "review.nothing_to_review"
    hint = "See `crossdock diff`; comments and layout do not count."


class OpenAlready(Rejected):
    """There is an open request for this bundle."""

    code = "review.open_already"
    hint = "Decide that one, or withdraw it."


class BoardKeyMissing(Misconfigured):
    """This hub's board has no key to sign approvals with."""

    code = "review.board_key_missing"
    hint = "Make one (`crossdock signing-key --new`), name it under `promotion.board` in the environment's file, and trust its public half with `may: [board]`."


class ReviewOverdue(Misconfigured):
    """A change runs that was let through in an emergency and has not been reviewed in time."""

    code = "review.overdue"
    hint = "Give the approvals it owes on its page, or go back to what ran before."


class WaiverEnded(Misconfigured):
    """A waiver ended, and what it excused still stands in the landscape that runs."""

    code = "review.waiver_ended"
    hint = "Mend what breaks the standard, or let its owner waive it again with a reason."


class EvidenceFailed(Misconfigured):
    """The evidence for a change request could not be gathered."""

    code = "review.evidence_failed"
    hint = "Gather it by hand and see why: `crossdock review evidence NUMBER`."
