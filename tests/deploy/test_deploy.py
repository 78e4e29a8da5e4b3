"""What is shipped to run the hub says nothing the hub does not have: metrics, variables, paths, runbooks; and the chart renders as meant."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossdock.pipeline.observe import Meters

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm/crossdock"
RULES = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
PANELS = json.loads((DEPLOY / "grafana/crossdock.json").read_text(encoding="utf-8"))["panels"]
EXPRESSIONS = [each["expr"] for each in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
METRIC = re.compile(r"\bcrossdock_[a-z_]+\b")
VARIABLE = re.compile(r"\bCROSSDOCK_[A-Z_]+\b")


def exposed() -> dict[str, set[str]]:
    """Every sample the hub can expose, with its labels."""
    found: dict[str, set[str]] = {}
    meters = Meters()
    for kind, labels in ((value, set(value._labelnames)) for value in vars(meters).values() if hasattr(value, "_labelnames")):
        name = kind._name
        for suffix in ("", "_total", "_bucket", "_sum", "_count"):
            found[name + suffix] = labels | {"le"}
    return found


def test_rules_and_dashboard_speak_of_metrics_and_labels_the_hub_has() -> None:
    known = exposed()
    assert len(known) > 50
    for expression in EXPRESSIONS:
        for name in METRIC.findall(expression):
            assert name in known, (name, expression)
        (labels,) = [set().union(*(known[name] for name in METRIC.findall(expression)))]
        for used in re.findall(r"by \(([^)]*)\)", expression):
            assert {each.strip() for each in used.split(",")} <= labels, expression


def test_every_alert_has_a_runbook_and_every_runbook_its_alert() -> None:
    page = (ROOT / "docs/how-to/runbooks.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (\w+)$", page, re.M)
    assert headings == [each["alert"] for each in RULES]
    for part, each in zip(page.split("\n## ")[1:], RULES, strict=True):
        assert "**What to do.**" in part and "**What it means.**" in part
        assert each["expr"] in part
        assert each["annotations"]["runbook"] == f"docs/how-to/runbooks.md#{each['alert'].lower()}"
        assert each["labels"]["severity"] in ("warning", "critical")


def test_only_variables_the_reference_has_are_set() -> None:
    reference = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            for name in VARIABLE.findall(path.read_text(encoding="utf-8")):
                assert f"`{name}`" in reference, f"{path.name} sets {name}, which docs/reference/configuration.md does not have"


def test_compose_has_no_secret_and_stops_gently() -> None:
    compose = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text(encoding="utf-8"))
    workers = [each for name, each in compose["services"].items() if name.startswith("worker")]
    assert len(workers) == 2
    for each in workers:
        assert all(value.startswith(("${", "/", "postgresql://crossdock:${")) for value in each["environment"].values())
        assert each["stop_grace_period"] == "30s" and each["read_only"] and each["ports"][0].startswith("127.0.0.1:")


def test_the_image_runs_as_nobody_and_gets_signals_itself() -> None:
    text = (DEPLOY / "image/Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001$", text, re.M) and 'ENTRYPOINT ["crossdock"]' in text
    extras = re.search(r"'\.\[([a-z,]+)\]'", text)
    assert extras
    import tomllib

    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(extras[1].split(",")) <= set(known)


def test_units_restart_and_wait_for_the_end() -> None:
    for name in ("crossdock.service", "crossdock@.service"):
        lines = (DEPLOY / "systemd" / name).read_text(encoding="utf-8").splitlines()
        assert {"Restart=always", "TimeoutStopSec=30", "NoNewPrivileges=yes"} <= set(lines)
        assert "ExecStart=/opt/crossdock/bin/crossdock up" in lines


def _judged(documents: list[dict[str, Any]]) -> None:
    kinds = {each["kind"]: each for each in documents}
    worker = kinds["Deployment"]["spec"]
    assert worker["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = worker["template"]["spec"]
    (hub,) = pod["containers"]
    assert worker["selector"]["matchLabels"] == worker["template"]["metadata"]["labels"] == kinds["Service"]["spec"]["selector"]
    assert hub["readinessProbe"]["httpGet"]["path"] == "/readyz" and hub["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert pod["securityContext"]["runAsNonRoot"] and hub["securityContext"]["readOnlyRootFilesystem"]
    # calls under way get 10 s and the balancer 5 s: the pod is not killed before
    assert pod["terminationGracePeriodSeconds"] >= 20
    assert {each["name"] for each in hub["volumeMounts"]} <= {each["name"] for each in pod["volumes"]}
    assert all(isinstance(each["value"], str) for each in hub.get("env") or ())


@pytest.fixture(scope="module")
def helm() -> str:
    found = shutil.which("helm")
    if found is None:
        pytest.skip("no helm on the path: the chart is not linted and rendered here")
    return found


def test_the_chart_is_clean(helm: str) -> None:
    done = subprocess.run([helm, "lint", "--strict", str(CHART)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("environment=production", "env.CROSSDOCK_BATCH=400", "payloads.existingClaim=shared", "replicas=5"),
        ("payloads.url=s3://bucket/x", "ingress.enabled=true", "ingress.host=hub.example", "monitoring.enabled=true"),
    ],
)
def test_the_chart_renders(helm: str, values: tuple[str, ...]) -> None:
    given = [part for each in values for part in ("--set", each)]
    done = subprocess.run([helm, "template", "hub", str(CHART), *given], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    documents = [each for each in yaml.safe_load_all(done.stdout) if each]
    _judged(documents)
    kinds = {each["kind"] for each in documents}
    assert ("Ingress" in kinds) == ("PodMonitor" in kinds) == ("ingress.enabled=true" in values)


def test_every_value_a_template_reads_is_in_the_values_file() -> None:
    """Needs no helm: a value nobody sets is a spelling mistake."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    for path in (CHART / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert text.count("{{- if ") + text.count("{{- with ") + text.count("{{- range ") == text.count("{{- end }}")
        for used in re.findall(r"\.Values\.([A-Za-z.]+)", text):
            node: Any = values
            for part in used.split("."):
                assert part in node, f"{path.name}: .Values.{used}"
                node = node[part]


def test_what_the_units_start_may_listen_and_write(tmp_path: Path) -> None:
    """`systemd-analyze verify` where there is one; without privileges a worker may not listen below 1024."""
    for name in ("crossdock.service", "crossdock@.service"):
        text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
        port = re.search(r"^Environment=CROSSDOCK_PORT=(\d+)%i$", text, re.M)
        assert ("@" in name) == (port is not None)
        assert port is None or int(port[1] + "1") >= 1024
        assert (
            "ProtectSystem=strict" in text
            and "WorkingDirectory=/var/lib/crossdock" in text
            and "StateDirectory=crossdock" in text
        )
        (tmp_path / name).write_text(text.replace("/opt/crossdock/bin/crossdock", "/bin/true"), encoding="utf-8")
    analyze = shutil.which("systemd-analyze")
    if analyze is None or not os.environ.get("CROSSDOCK_TEST_SYSTEMD"):
        pytest.skip("the units are verified where CROSSDOCK_TEST_SYSTEMD is set and systemd-analyze is on the path")
    units = [str(tmp_path / "crossdock.service"), str(tmp_path / "crossdock@1.service")]
    (tmp_path / "crossdock@1.service").symlink_to(tmp_path / "crossdock@.service")
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, timeout=60, check=False)
    mine = [line for line in (done.stdout + done.stderr).splitlines() if "crossdock" in line]
    assert mine == []


def test_the_rules_are_what_prometheus_takes() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on the path: the alert rules are not parsed here")
    done = subprocess.run(
        [promtool, "check", "rules", str(DEPLOY / "prometheus/alerts.yaml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
