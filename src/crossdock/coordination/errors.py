"""What goes wrong between a region's hub and the coordinator."""

from __future__ import annotations

from crossdock.core.errors import Deferred, Misconfigured, Rejected


class NotAllowedOut(Rejected):
    """A report would hold something that may not leave the region; nothing of it was sent."""

    code = "regions.not_allowed_out"
    hint = "This is a defect of the hub: only what docs/reference/region-report.md lists leaves a region. Please report it with its message."


class ReportRefused(Rejected):
    """The coordinator does not take a report: it is not from a region it knows, not signed by that region, or holds what is not allowed."""

    code = "regions.report_refused"
    hint = (
        "Compare the public keys in both environments (`coordination`, `coordinator.regions`) and the releases of both programs."
    )


class ReportStale(Rejected):
    """A report is older than what the coordinator heard of the region already."""

    code = "regions.report_stale"
    hint = "The hub goes on by itself. If it repeats, compare the clocks of both machines."


class CoordinatorAway(Deferred):
    """The coordinator cannot be reached or does not prove who it is; the region keeps its reports and goes on working."""

    code = "regions.coordinator_away"
    hint = "Check the network and `coordination` in the environment; `crossdock regions status` shows what waits. Nothing else is held up."


class NoCoordinator(Misconfigured):
    """This environment is not a coordinator's."""

    code = "regions.no_coordinator"
    hint = "Name its key and its regions under `coordinator` in the environment; see docs/how-to/run-several-regions.md."


class NoCoordination(Misconfigured):
    """This environment names no coordinator and serves no region."""

    code = "regions.no_coordination"
    hint = "Say `region` and `coordination` in the environment; see docs/how-to/run-several-regions.md."
