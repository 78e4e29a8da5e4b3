"""The generated pages by file name."""

from __future__ import annotations

from collections.abc import Callable

from docs.generator.cli import cli_page
from docs.generator.configuration import configuration_page
from docs.generator.connectors import connectors_page
from docs.generator.documents import documents_page
from docs.generator.errors import errors_page
from docs.generator.events import events_page
from docs.generator.fields import fields_page
from docs.generator.metrics import metrics_page
from docs.generator.permissions import permissions_page
from docs.generator.regions import region_report_page
from docs.generator.transports import transports_page

PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "configuration.md": configuration_page,
    "connectors.md": connectors_page,
    "documents.md": documents_page,
    "errors.md": errors_page,
    "events.md": events_page,
    "fields.md": fields_page,
    "metrics.md": metrics_page,
    "permissions.md": permissions_page,
    "region-report.md": region_report_page,
    "transports.md": transports_page,
}
