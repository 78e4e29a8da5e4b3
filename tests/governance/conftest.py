"""A tiny landscape with an environment that says whose bundles may run in it, and the keys of those it trusts."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crossdock.cli import main
from crossdock.governance.signing import new_key, public_of
from tests.cli.conftest import Done, Partner, Site, make

__all__ = ["Desk", "desk", "partner"]


@pytest.fixture(scope="module")
def partner() -> Iterator[Partner]:
    made = Partner()
    yield made
    made.close()


@dataclass
class Desk:
    """Where bundles are made (`work`), and where they run (`site`)."""

    site: Site
    work: Path
    keys: dict[str, str]

    def run(self, *args: str) -> Done:
        """Run a command in the landscape's folder, without a process of its own: a dozen of them would take long."""
        if not main.app.registered_commands:
            main._mount()
        with contextlib.chdir(self.site.root):
            done = CliRunner().invoke(
                main.app, list(args), env={**self.site.environment, "CROSSDOCK_LEDGER": self.site.extra.get("CROSSDOCK_LEDGER")}
            )
        return Done(done.exit_code, done.stdout, done.stderr)

    def key(self, name: str) -> str:
        """Reference to somebody's private key; commands run in the site's folder."""
        return f"env:KEY_{name.upper()}"

    def bundle(self, name: str, *, by: str | None = "pipeline", approved: tuple[str, ...] = ()) -> Path:
        file = self.work.parent / f"{name}.bundle"
        signed = ("--key", self.key(by)) if by else ()
        done = self.run("bundle", str(self.work), "--out", str(file), *signed, "--json")
        assert done.code == 0, done.err
        for each in approved:
            assert self.run("approve", str(file), "--key", self.key(each), "--json").code == 0
        return file

    def promote(self, file: Path | str, *more: str) -> Any:
        return self.run("promote", str(file), "--env", "development", "--json", *more)

    def promoted(self, file: Path) -> dict[str, Any]:
        """What a promotion that goes through says."""
        done = self.promote(file)
        assert done.code == 0, done.out
        return dict(done.json)

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a line of the landscape that is worked on."""
        place = self.work / file
        text, count = re.subn(old, new, place.read_text())
        assert count, f"{old!r} is not in {file}"
        place.write_text(text)


@pytest.fixture
def desk(tmp_path: Path, partner: Partner) -> Iterator[Desk]:
    partner.mode = "take"
    site = make(tmp_path / "hub", partner)
    keys = {name: new_key() for name in ("pipeline", "ann", "bob", "stranger")}
    site.extra |= {f"KEY_{name.upper()}": pem for name, pem in keys.items()}
    trusted = "".join(
        f'    - {{public: "{public_of(keys[name])}", name: {name}, {rest}}}\n'
        for name, rest in (
            ("pipeline", "may: [make]"),
            ("ann", "team: integration, may: [make, approve]"),
            ("bob", "team: integration"),
        )
    )
    bindings = site.root / "environments/development.yaml"
    bindings.write_text(bindings.read_text() + f"promotion:\n  keys:\n{trusted}")
    found = Desk(site, make(tmp_path / "desk" / "hub", partner).root, keys)
    yield found
    if site.hub is not None:
        site.stop(signal.SIGKILL)
