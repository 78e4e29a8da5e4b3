"""What can be wrong between partners who exchange documents by EDI: envelopes, guides, agreements, control numbers."""

from __future__ import annotations

from crossdock.core.errors.tree import Misconfigured, Rejected


class EnvelopeFaulty(Rejected):
    """The envelope of an interchange breaks its standard's rules, so nothing in it was taken."""

    code = "edi.envelope"
    hint = "The partner was told by acknowledgement. Ask for it to be sent again; when the partner always errs like this, weigh the finding otherwise in its file."


class GuideViolated(Rejected):
    """The document does not follow the implementation guide agreed with the partner."""

    code = "edi.guide"
    hint = "Every place is listed in the detail and was told to the partner by acknowledgement. Correct it here and replay, or wait for a corrected document."


class AgreementMissing(Rejected):
    """There is no agreement with this partner on this kind of document."""

    code = "edi.no_agreement"
    hint = "Add an agreement to the partner's file, or ask the partner not to send it."


class RecipientUnknown(Rejected):
    """A mailbox brought an interchange that is between no partner of it and us."""

    code = "edi.nobodys"
    hint = "When it is a partner's: give its file this identifier and `exchange.mailbox`, then retry. Else tell the network that it came to the wrong box."


class PartnerRefused(Rejected):
    """The partner's system refused a document of ours."""

    code = "edi.refused_by_partner"
    hint = "The partner's findings are in the detail, with segment and element. Correct the data or the mapping, then send the document again."


class ControlNumberMissing(Rejected):
    """An interchange of the partner never came: its control number was skipped."""

    code = "edi.number_missing"
    hint = "Ask the partner what was sent under this number and to send it again; settle this when nothing was."


class DocumentUnwritable(Rejected):
    """What should be sent cannot be written as the document agreed with the partner."""

    code = "edi.unwritable"
    hint = "The places are in the detail: complete the data at its source, or correct the partner's guide, mapping options or overlay."


class PartnerNotLive(Misconfigured):
    """The partner's file says that nothing real may be exchanged yet, or any more."""

    code = "edi.partner_not_live"
    hint = "Set the partner's `state` to `testing` or `live` by review; what waits goes on by itself."
