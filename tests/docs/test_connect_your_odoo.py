"""The how-to for Odoo is followed as it is printed, with the simulated Odoo in the place of the reader's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from crossdock.simulators.odoo import Odoo
from crossdock.simulators.threaded import Threaded
from tests.cli.conftest import free_port, until

PAGE = (Path(__file__).parents[2] / "docs/how-to/connect-your-odoo.md").read_text(encoding="utf-8")


def test_the_file_as_printed_passes_the_check_and_its_polls_run(tmp_path: Path) -> None:
    [printed] = re.findall(r"`systems/odoo\.yaml`:\n\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    variables = {name: f"secret-of-{name}" for name in re.findall(r"env:(\w+)", printed)}
    assert set(variables) == {"ODOO_KEY", "ODOO_WEBHOOK_TOKEN"}
    odoo = Odoo(database="production", keys={"hub": variables["ODOO_KEY"]})
    environment = {**{n: v for n, v in os.environ.items() if not n.startswith("CROSSDOCK_")}, **variables, "COLUMNS": "200"}
    folder = tmp_path / "mine"

    def crossdock(*words: str) -> subprocess.CompletedProcess[str]:
        where = folder if folder.exists() else tmp_path
        return subprocess.run(
            [sys.executable, "-m", "crossdock", *words], cwd=where, env=environment, capture_output=True, text=True, check=False
        )

    assert crossdock("init", "mine").returncode == 0
    (folder / "systems/odoo.yaml").write_text(printed)
    checked = crossdock("check")
    assert checked.returncode == 0, checked.stdout
    with Threaded(odoo) as url:
        (folder / "systems/odoo.yaml").write_text(printed.replace("https://odoo.example.com", url))
        port = str(free_port())
        with (tmp_path / "log").open("w") as log:
            hub = subprocess.Popen(
                [sys.executable, "-m", "crossdock", "up", "--port", port], cwd=folder, env=environment, stdout=log, stderr=log
            )
        try:

            def polled() -> bool:
                said = crossdock("status", "--json")
                found = json.loads(said.stdout) if said.returncode == 0 else {}
                channels = {each["channel"] for each in found.get("polls", []) if each["system"] == "odoo"}
                return channels >= {"orders", "transfers", "quants"} and not found["exceptions"]

            until(polled, "all channels are polled", 60)
        finally:
            hub.terminate()
            hub.wait(30)


def test_the_options_it_names_exist() -> None:
    from crossdock.connectors.odoo.options import OdooOptions

    named = set(re.findall(r"`([a-z_]+)`", PAGE)) & {
        "xid_prefix",
        "units",
        "locations",
        "carriers",
        "pricelists",
        "tolerance_per_line",
        "report_edits",
    }
    assert len(named) >= 6
    assert named <= set(OdooOptions.model_fields)
