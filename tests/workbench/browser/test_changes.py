"""A change over the review board in real Chromium: asked for, seen with its evidence, approved by somebody else, and let run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crossdock.governance.signing import new_key, public_of
from crossdock.landscape.starter import start
from tests.workbench.browser.conftest import PICTURES
from tests.workbench.conftest import PASSWORD, start_workbench, stop

pytestmark = pytest.mark.slow


def test_a_change_is_opened_seen_approved_and_promoted_in_the_browser(tmp_path: Path, chromium: Any) -> None:
    keys = {"PIPELINE": new_key(), "BOARD": new_key()}
    root, work = start(tmp_path / "hub").root, start(tmp_path / "desk" / "hub").root
    bindings = root / "environments/development.yaml"
    bindings.write_text(
        bindings.read_text() + "promotion:\n  board: env:KEY_BOARD\n  keys:\n"
        f'    - {{public: "{public_of(keys["PIPELINE"])}", name: pipeline, may: [make]}}\n'
        f'    - {{public: "{public_of(keys["BOARD"])}", name: board, may: [board]}}\n'
    )
    receiver = work / "systems/receiver.yaml"
    receiver.write_text(receiver.read_text().replace("title: ", "title: New ").replace("trust: internal", "trust: partner"))
    environment = {f"KEY_{name}": key for name, key in keys.items()} | {"CROSSDOCK_ENVIRONMENT": "development"}

    def command(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "crossdock", *words], cwd=root, env={**os.environ, **environment}, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    file = tmp_path / "change.bundle"
    command("bundle", str(work), "--out", str(file), "--key", "env:KEY_PIPELINE")
    bench = start_workbench(root, **environment)
    try:
        bench.begin()
        author, _ = bench.person("partner_manager", "approver", name="ann")
        reviewer, _ = bench.person("approver", name="bob")
        for name in (author, reviewer):
            answer = bench.administrator.api("PUT", f"/accounts/people/{name}/teams", {"teams": ["integration"]})
            assert answer.status_code == 200, answer.text

        def sits(name: str) -> Any:
            page = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}).new_page()
            page.set_default_timeout(60_000)
            page.goto(f"{bench.url}/account/login/?next=/changes/")
            page.fill("input[name=login]", name)
            page.fill("input[name=password]", PASSWORD)
            page.click("main button[type=submit], main form button")
            page.wait_for_url("**/changes/")
            return page

        ann = sits(author)
        ann.set_input_files("input[name=bundle]", str(file))
        ann.fill("input[name=title]", "Receiver renamed")
        ann.fill("form[action='/changes/open/'] textarea[name=reason]", "it moved to a partner")
        ann.get_by_role("button", name="Ask for review").click()
        ann.get_by_role("heading", name="Receiver renamed").wait_for()
        address = ann.url
        number = address.rstrip("/").rpartition("/")[2]
        command("review", "evidence", number)
        ann.goto(address)
        assert "waits for approval" in ann.inner_text("h1")
        assert "0 real messages replayed" in ann.inner_text("main")
        ann.get_by_role("button", name="Approve").click()
        ann.get_by_text("review.own_change").wait_for()

        bob = sits(reviewer)
        bob.get_by_role("link", name="Receiver renamed").click()
        bob.get_by_text("trust changes from internal to partner").wait_for()
        PICTURES.mkdir(parents=True, exist_ok=True)
        bob.screenshot(path=str(PICTURES / "change.png"), full_page=True)
        bob.get_by_role("button", name="Approve").click()
        bob.get_by_text("Done; it is in the decision log.").wait_for()
        assert "approved" in bob.inner_text("h1")
        assert bob.get_by_role("button", name="Let it run").count() == 0, "who approves does not promote without that permission"

        root_page = sits("root")
        root_page.goto(address)
        root_page.get_by_role("button", name="Let it run").click()
        root_page.get_by_text("Done; it is in the decision log.").wait_for()
        assert "carried out" in root_page.inner_text("h1")
        [(bundle,)] = bench.rows("SELECT bundle FROM ledger_release")
        assert bench.rows("SELECT 1 FROM ledger_change WHERE bundle=? AND promoted_at IS NOT NULL", bundle)
        phone = chromium.new_context(viewport={"width": 360, "height": 740}, storage_state=bob.context.storage_state()).new_page()
        phone.goto(address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 361
    finally:
        stop(bench)
