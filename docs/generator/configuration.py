"""The reference of environment variables: those of the pipeline's settings, of the commands' options, and the few others."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

from crossdock.pipeline import settings
from docs.generator.cli import commands
from docs.generator.everything import modules
from docs.generator.markdown import page, table

NAME = re.compile(r"\bCROSSDOCK_[A-Z][A-Z0-9_]*\b")

OTHERS = {
    "CROSSDOCK_LEDGER": "URL of the ledger, instead of the environment's `engine.url`: `sqlite:///relative`, `sqlite:////absolute` or "
    "`postgresql://user:password@host:port/database`. Default: `var/ledger.sqlite3` in the landscape.",
    "CROSSDOCK_BROKERS": "Kafka brokers, `host:port` separated by commas, instead of the environment's `engine.brokers`.",
    "CROSSDOCK_PAYLOADS": "Folder for bodies above 256 KiB (claim check), or an object store: `s3://bucket/prefix` (`gs://`, `az://`; extra "
    "`objectstore`; region, endpoint and credentials come from the variables the store's own tools use, `AWS_REGION` and so on). Default: "
    "`payloads` beside the SQLite ledger, with PostgreSQL `var/payloads` in the landscape. Several workers must see the same place.",
    "CROSSDOCK_UBL_RULES": "Folder of the schemas and official rules UBL documents are judged by (`crossdock edi rules`). Default: `crossdock/ubl-rules` in the "
    "user's data folder; without one they are judged by form only.",
    "CROSSDOCK_DRILLS": "Folder in which `crossdock drill ... --at SYSTEM` leaves the trouble this hub is to obey. Set it for a staging hub and for the "
    "command, never elsewhere; in an environment with the name of a production it does nothing.",
    "CROSSDOCK_METRICS_TOKEN": "Bearer token `/metrics` asks for. Without it `/metrics` answers to this machine only.",
    "CROSSDOCK_SECRET_KEY": "Signs and encrypts for the workbench: 32 or more random characters, the same for every process on a ledger. Needed with "
    "PostgreSQL; beside an SQLite ledger one is made.",
    "CROSSDOCK_MASTER_KEY": "Wraps the data keys of the embedded vault, unless the environment's `vault.master_key` names another place.",
    "CROSSDOCK_BACKUP_KEY": "Encrypts backups: 32 or more random characters, kept elsewhere; every later command on the folder needs the same. Without it "
    "backups are readable and leave the vault's files out.",
    "CROSSDOCK_TRUSTED_PROXIES": "Proxies whose word counts about who asks: addresses or networks, separated by commas (`10.0.0.5, 192.168.0.0/24`).",
    "CROSSDOCK_WORKBENCH_HOSTS": "Names under which the pages may be asked for besides the address listened on, separated by commas.",
}
"""Variables that are read directly."""
STANDARD = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "Address of an OpenTelemetry collector (OTLP over HTTP, usually port 4318): traces are sent there. Needs the extra `telemetry`.",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "The same, for traces alone, with the whole path.",
    "OTEL_TRACES_EXPORTER": "`otlp`, `console` (spans as text, for trying), or `none`.",
    "OTEL_SERVICE_NAME": "How this hub is called in its traces. Default: `crossdock`.",
    "OTEL_SDK_DISABLED": "`true`: no traces whatever else is set.",
}
"""Variables of OpenTelemetry's specification that switch traces on and off; the exporter's own (`OTEL_EXPORTER_OTLP_HEADERS`, ...) work too."""
INTERNAL = frozenset({"CROSSDOCK_SECURE"})
"""Names that look like variables and are settings inside a process."""
TESTS = {
    "CROSSDOCK_TEST_POSTGRESQL": "URL of a PostgreSQL server, without database, for tests and benchmarks. Default: they start one of their own.",
    "CROSSDOCK_TEST_CHROMIUM": "Chromium for the tests of the pages. Default: `chromium` on the path; without it those tests are skipped.",
    "CROSSDOCK_CORPUS": "Folder of sample messages for tests. Default: `../shared/corpus` beside the repository; without it those tests are skipped.",
    "CROSSDOCK_PYAS2_VENV": "Virtual environment with pyas2lib, the second opinion on AS2; it never runs in the product's own. Default: one is made beside the tests'; where that fails, those tests are skipped.",
    "CROSSDOCK_ODOO_URL": "Address of a real Odoo for the tests that otherwise use the simulated one. Tests make records there: use a test database.",
    "CROSSDOCK_ODOO_DB": "Its database.",
    "CROSSDOCK_ODOO_LOGIN": "Login of the integration user.",
    "CROSSDOCK_ODOO_KEY": "API key of the integration user.",
    "CROSSDOCK_ODOO_PASSWORD": "Password of the integration user, for what keys may not do.",
    "CROSSDOCK_ODOO_ADMIN_KEY": "API key of an administrator; unlocks a few more tests.",
    "CROSSDOCK_ODOO_BERLIN_KEY": "API key of a user in the time zone Europe/Berlin; unlocks tests about days.",
    "CROSSDOCK_THREE_BROKERS": "Set: the test with a cluster of three Kafka brokers runs too; it takes a minute.",
    "CROSSDOCK_CHAOS_ORDERS": "How many orders each chaos test lets cross. Default 60.",
    "CROSSDOCK_ODOO_OUTBOX": "Set: the Odoo connector's tests run through the outbox of the add-on, on the simulator or a real Odoo that has it.",
    "CROSSDOCK_TEST_SYSTEMD": "Set: systemd-analyze verifies the units of `deploy/systemd`.",
    "CROSSDOCK_REGIONS_LEAK": "Set: the test runs too that breaks the allow-list of a region's reports and finds the leak in what crosses.",
    "CROSSDOCK_REGIONS_ON_LOOPBACK": "Set: the test of several regions uses ports on this machine although network namespaces could be made.",
    "CROSSDOCK_WALKS": "How many random walks through the order workflow are tried. Default 120.",
    "CROSSDOCK_EXAMPLES": "How many generated sequences of facts are tried on the order workflow. Default 60.",
    "CROSSDOCK_GOLDEN": "Set: the golden examples of documents are written anew instead of compared; look at the difference before it is kept.",
    "CROSSDOCK_FUZZ_EXAMPLES": "How many damaged messages each EDI reader is given.",
}
"""Variables of tests and benchmarks only."""


def documented_fields(source: str, name: str) -> dict[str, str]:
    """The string below each field of a class: its documentation."""
    [found] = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == name]
    texts: dict[str, str] = {}
    for before, after in pairwise(found.body):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            texts[before.target.id] = str(ast.literal_eval(after.value))
    return texts


def settings_rows() -> Iterator[tuple[str, str, str]]:
    """Variable, default and meaning of every pipeline setting."""
    texts = documented_fields(inspect.getsource(settings), "PipelineSettings")
    for field in fields(settings.PipelineSettings):
        yield f"`{settings.PREFIX}{field.name.upper()}`", f"`{field.default}`", texts.get(field.name, "")


def option_rows() -> Iterator[tuple[str, str, str]]:
    """Variable, option and meaning of every command option that reads one."""
    found: dict[str, tuple[list[str], str]] = {}
    for command in commands():
        for parameter in command.parameters:
            if parameter.envvar:
                users, _ = found.setdefault(parameter.envvar, ([], parameter.help))
                users.append(f"{command.name} {parameter.names[0]}")
    for variable, (users, text) in sorted(found.items()):
        shown = (
            ", ".join(f"`{each}`" for each in users) if len(users) < 3 else f"`{users[0].split()[-1]}` of {len(users)} commands"
        )
        yield f"`{variable}`", shown, text


def read_by_the_product() -> dict[str, list[str]]:
    """Every variable named in the product's code or the demo's landscape, with the files that name it."""
    found: dict[str, list[str]] = {}
    shipped = modules()[0].parent.rglob("*.yaml")
    for path in [*modules(), *shipped]:
        for variable in set(NAME.findall(path.read_text(encoding="utf-8"))) - INTERNAL:
            found.setdefault(variable, []).append(path.name)
    return found


def read_by_tests(root: Path) -> set[str]:
    """Every variable named in tests and benchmarks."""
    return {
        name
        for folder in ("tests", "benchmarks")
        for p in (root / folder).rglob("*.py")
        for name in NAME.findall(p.read_text("utf-8"))
        if not name.endswith("_")
    }


def configuration_page() -> str:
    """`docs/reference/configuration.md`."""
    demo = sorted(name for name in read_by_the_product() if name.startswith("CROSSDOCK_DEMO_") and not name.endswith("_"))
    lines = [
        "What a hub does stands in its landscape, which is reviewed. Environment variables say only where and how a process runs. Landscapes",
        "may name variables of their own: `${env:NAME}` in `environments/`, `env:NAME` as a credential.",
        "",
        "## Where",
        "",
        *table(("variable", "meaning"), ((f"`{name}`", text) for name, text in OTHERS.items())),
        "",
        "## Traces",
        "",
        "OpenTelemetry's own variables. Without the first three nothing of it is loaded. How to use them: [monitor a hub](../how-to/monitor.md#traces).",
        "",
        *table(("variable", "meaning"), ((f"`{name}`", text) for name, text in STANDARD.items())),
        "",
        "## As options of commands",
        "",
        "The option wins over the variable.",
        "",
        *table(("variable", "same as", "meaning"), option_rows()),
        "",
        "## The pipeline",
        "",
        "Times are seconds. The defaults suit most; measure before you change one.",
        "",
        *table(("variable", "default", "meaning"), settings_rows()),
        "",
        "## Tests and benchmarks",
        "",
        *table(("variable", "meaning"), ((f"`{name}`", text) for name, text in TESTS.items())),
        "",
        "## The demo",
        "",
        "`crossdock demo` sets these itself, to the addresses and credentials of the systems it simulates: "
        + ", ".join(f"`{n}`" for n in demo)
        + ".",
    ]
    return page("Configuration: environment variables", *lines)
