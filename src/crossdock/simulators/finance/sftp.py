"""The finance system as CSV files over SFTP: journals in `/in`, acknowledgements in `/out`; faults hit the steps of the protocol."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from crossdock.simulators.contract import Refused
from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.finance.books import Books
from crossdock.simulators.sftp import SftpHost

PASSWORD = "finance-demo-sftp-password"  # noqa: S105 - of the demo


class FinanceSftp(SftpHost):
    """It takes a file out of `/in` in the moment it gets its final name and acknowledges it at once, unless `quiet`."""

    name = "finance-sftp"
    folders = ("in", "out")

    def __init__(self, faults: FaultPlan | None = None, *, quiet: bool = False) -> None:
        super().__init__(PASSWORD, faults)
        self.quiet = quiet
        self.refused = 0
        self.books = Books(lambda kind, key, data, idempotency: self.record(kind, key, data, idempotency_key=idempotency))

    def reset(self) -> None:
        self.books.reset()
        super().reset()

    def state(self) -> Mapping[str, Any]:
        return {"journals": len(self.books.journals), "sftp": self.sftp_url}

    def arrived(self, path: str) -> None:
        """A file got its final name."""
        folder, _, name = path.strip("/").rpartition("/")
        place = self.root / folder / name
        if folder != "in" or not place.is_file():
            return
        rows = list(csv.DictReader(io.StringIO(place.read_text(encoding="utf-8"), newline="")))
        place.unlink()
        head = {key: value for key, value in rows[0].items() if key != "line"}
        body = {**head, "lines": rows}
        try:
            kept, fresh = self.books.take(body, name)
        except Refused as refused:
            self.refused += 1
            self._answer({"number": head["number"], "verdict": "rejected", "reason_code": refused.code, "reason": str(refused)})
            return
        if not fresh:
            self.record("journal_again", kept.state["number"])
        if not self.quiet:
            self._answer({"verdict": "posted", **{key: kept.state[key] for key in ("number", "posted_number", "posting_date")}})

    def _answer(self, row: Mapping[str, str]) -> None:
        names = ("number", "verdict", "posted_number", "posting_date", "reason_code", "reason")
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, names, restval="")
        writer.writeheader()
        writer.writerow(row)
        self.put(f"out/ACK_{len(self.books.feed) + self.refused:06}.csv", out.getvalue().encode())
