"""The whole advice for a landscape, and its form as plain data for `--json`, the API and the papers; reads no file and no ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crossdock.advisor.facts import Measured, facts_of
from crossdock.advisor.flows import FlowAdvice, advise
from crossdock.advisor.models import SHORT, TITLES, Model, points_of
from crossdock.advisor.moving import ASSUMPTIONS
from crossdock.advisor.overall import Overall, overall
from crossdock.landscape.landscape import Landscape


@dataclass(frozen=True, slots=True)
class Advice:
    """What is recommended for a landscape on a day."""

    landscape: str
    company: str
    bundle: str
    day: date
    overall: Overall
    flows: tuple[FlowAdvice, ...]

    @property
    def move_days(self) -> int:
        """Days of work if every flow were moved as recommended."""
        return sum(flow.move_days for flow in self.flows)

    def as_dict(self) -> dict[str, Any]:
        """Plain data; lengths of time in seconds, days as ISO 8601."""
        whole = self.overall
        return {
            "landscape": self.landscape,
            "company": self.company,
            "bundle": self.bundle,
            "day": self.day.isoformat(),
            "recommended": whole.model.value,
            "name": SHORT[whole.model],
            "title": TITLES[whole.model],
            "percent": {model.value: share for model, share in whole.percent.items()},
            "points": {model.value: total for model, total in whole.totals.items()},
            "margin": whole.margin,
            "arithmetic": [
                {
                    "factor": factor.key, "dimension": factor.dimension, "value": factor.value, "weight": factor.weight,
                    "words": factor.words,
                    "points": {model.value: points for model, points in points_of(factor.points).items()},
                }
                for factor in whole.factors
            ],
            "would_turn": [
                {"factor": turn.key, "words": turn.words, "from": turn.from_value, "to": turn.to_value, "recommended": turn.to.value}
                for turn in whole.turns
            ],
            "unanswered": list(whole.unanswered),
            "move_days": self.move_days,
            "move_assumptions": list(ASSUMPTIONS),
            "flows": [_flow(flow) for flow in self.flows],
        }  # fmt: skip


def _flow(flow: FlowAdvice) -> dict[str, Any]:
    return {
        "flow": flow.flow,
        "title": flow.title,
        "pattern": {"declared": flow.declared.value, "recommended": flow.pattern.value},
        "points": {model.value: total for model, total in flow.totals.items()},
        "reasons": [{"words": reason.words, "points": dict(zip([m.value for m in Model], reason.points, strict=True))} for reason in flow.reasons],
        "timing": {"declared": flow.declared_timing, "recommended": flow.timing, "because": flow.timing_reason},
        "shortest_clock": flow.shortest.total_seconds() if flow.shortest is not None else None,
        "contradictions": list(flow.contradictions),
        "move_days": flow.move_days,
        "consequence": flow.consequence,
        "owner": flow.owner,
        "review_by": flow.review_by.isoformat(),
    }  # fmt: skip


def advice(landscape: Landscape, answers: Mapping[str, int], measured: Mapping[str, Measured], today: date) -> Advice:
    """Advice for a landscape; `answers` of the questionnaire, `measured` by flow."""
    flows = tuple(advise(flow, measured.get(flow.name), today) for flow in landscape.flows.values() if flow.enabled)
    whole = overall(facts_of(landscape, measured), answers)
    return Advice(landscape.name, landscape.company, landscape.bundle_id, today, whole, flows)
