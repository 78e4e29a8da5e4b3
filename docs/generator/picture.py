"""Draws docs/images/demo.svg: the screen of a real run of the demo, as it stood when its last order had arrived."""

from __future__ import annotations

import asyncio
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from crossdock.cli.demo import Demo

PICTURE = Path(__file__).parent.parent / "images" / "demo.svg"


class Drawn(Demo):
    """A demo that keeps its last screen."""

    def _report(self, seconds: float) -> dict[str, Any]:
        console = Console(record=True, width=124, file=StringIO(), force_terminal=True, highlight=False)
        ours = self.folder, self.hub.port
        # the folder and the port of this run say nothing to a reader
        self.folder, self.hub.port = Path("crossdock-demo"), 8400
        console.print(self._screen())
        self.folder, self.hub.port = ours
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(console.export_svg(title="crossdock demo --faults"))
        return super()._report(seconds)


def main() -> None:
    """Run and draw."""
    drawn = Drawn(60, True, None, 0, 0.0, 2, 7, 0.0, "", quiet=True)
    report = asyncio.run(drawn.run())
    print({name: report[name] for name in ("orders", "delivered", "lost", "doubled", "order_violations", "hub_killed")})


if __name__ == "__main__":
    main()
