"""What stops a consignment or a carrier's invoice until a person has looked."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected


class MilestonesContradict(Rejected):
    """What carriers told about a consignment contradicts itself."""

    code = "freight.milestones_contradict"
    hint = "The detail says which milestones; ask the carrier which is right, then confirm it in the transaction. Nothing is invoiced until then."


class ProofBeforePickup(MilestonesContradict):
    """A delivery, or its proof, is dated before the goods were picked up."""

    code = "freight.proof_before_pickup"
    hint = "Compare consignment and times with the carrier; a proof of another consignment must not release this one's invoice."


class FreightDisputed(Rejected):
    """A carrier's invoice differs from what was agreed by more than is tolerated."""

    code = "freight.disputed"
    hint = (
        "The arithmetic stands in the transaction, line by line: approve, dispute with the carrier, or correct what was agreed."
    )


class FreightNegative(FreightDisputed):
    """A charge of a carrier's invoice is below zero though it is no discount."""

    code = "freight.negative"
    hint = "Ask the carrier for a credit note; a negative charge is never netted against the others."


class FreightCurrencyForeign(FreightDisputed):
    """A charge is in another currency than the invoice."""

    code = "freight.foreign_currency"
    hint = "Ask the carrier for an invoice in one currency."


class ExchangeRateMissing(FreightDisputed):
    """Two amounts cannot be compared: no exchange rate is known for their currencies."""

    code = "freight.exchange_rate_missing"
    hint = "Give the flow the rate of that day, then let the invoice be audited again."


class WaybillUnknown(FreightDisputed):
    """A carrier bills a consignment that nobody booked."""

    code = "freight.unknown_waybill"
    hint = "Find the consignment the charge belongs to, or dispute the line."


class WaybillContested(FreightDisputed):
    """Two carriers claim one waybill."""

    code = "freight.contested_waybill"
    hint = "Find out who carried the goods; only that carrier is paid."


class FreightBilledTwice(FreightDisputed):
    """A carrier bills what it billed before."""

    code = "freight.billed_twice"
    hint = "The detail names the earlier invoice and line; dispute this one unless the service was done twice."
