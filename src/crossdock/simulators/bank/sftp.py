"""The simulated bank's SFTP server: transfers in `/in`, status reports and statements in `/out`; faults hit the steps of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from crossdock.simulators.bank.account import Account, Movement
from crossdock.simulators.bank.papers import Order, Unreadable, camt053, mt940, read_orders, status_report
from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.sftp import USER, SftpHost

__all__ = ["PASSWORD", "USER", "BankSftp"]

PASSWORD = "bank-demo-sftp-password"  # noqa: S105 - of the demo


class BankSftp(SftpHost):
    """`start` returns `sftp://...`. A transfer is an effect `transfer` under its end-to-end id in the moment its file gets its final name.

    It carries out whatever it is sent, also the same id twice: that is what the oracle is there to see. `closed` are accounts transfers to
    which are refused by status report; `bounces` are accounts from which the money comes back on the statement. `reports`: whether each
    transfer gets a status report at once.
    """

    name = "bank-sftp"
    folders = ("in", "out")

    def __init__(self, faults: FaultPlan | None = None, account: Account | None = None, *, reports: bool = True) -> None:
        super().__init__(PASSWORD, faults)
        self.account = account or Account()
        self.reports = reports
        self.closed: set[str] = set()
        self.bounces: set[str] = set()
        self._told = 0

    def reset(self) -> None:
        self.account = Account(self.account.iban, self.account.owner, self.account.opening)
        self.effects.clear()
        super().reset()

    def state(self) -> Mapping[str, Any]:
        return {"balance_cents": self.account.balance, "sftp": self.sftp_url, **self.oracle()}

    def oracle(self) -> dict[str, Any]:
        """What really left the account: cents by end-to-end id, and ids that moved money more than once."""
        moved: dict[str, list[int]] = {}
        for each in self.effects_of("transfer"):
            moved.setdefault(each.key, []).append(int(each.data["cents"]))
        return {
            "transfers": {key: sum(each) for key, each in moved.items()},
            "doubled": sorted(key for key, each in moved.items() if len(each) > 1),
            "total_cents": sum(sum(each) for each in moved.values()),
        }

    def today(self) -> date:
        """The bank's day."""
        return datetime.now(UTC).date()

    # What happens when files move --------------------------------------------------------------------------

    def arrived(self, path: str) -> None:
        """A file got its final name: the bank takes it away and does what it says."""
        folder, _, name = path.strip("/").rpartition("/")
        place = self.root / folder / name
        if folder != "in" or not place.is_file():
            return
        body = place.read_bytes()
        place.unlink()
        try:
            orders = read_orders(body)
        except Unreadable as problem:
            self.record("refused_file", name, {"problem": str(problem)})
            return
        for order in orders:
            self._carry_out(order)

    def _carry_out(self, order: Order) -> None:
        if order.iban in self.closed or order.debtor != self.account.iban:
            self.record("refused", order.end_to_end, {"cents": order.cents})
            self._report(order, "RJCT", "AC04" if order.iban in self.closed else "AC01")
            return
        self.record("transfer", order.end_to_end, {"cents": order.cents, "iban": order.iban}, idempotency_key=order.end_to_end)
        self.account.move(
            -order.cents, self.today(), end_to_end=order.end_to_end, name=order.name, iban=order.iban, text=order.text
        )
        self._report(order, "ACSC", "")
        if order.iban in self.bounces:
            self.record("bounced", order.end_to_end, {"cents": order.cents})
            self.account.move(
                order.cents,
                self.today(),
                end_to_end=order.end_to_end,
                name=order.name,
                iban=order.iban,
                reversal=True,
                reason="AC04",
            )

    def _report(self, order: Order, status: str, reason: str) -> None:
        if self.reports or status == "RJCT":
            self._told += 1
            at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            self.put(f"out/pain002-{self._told:06}.xml", status_report(order, status, reason, self._told, at))

    # What people and customers do --------------------------------------------------------------------------

    def pay_in(
        self, cents: int, name: str, iban: str = "", *, structured: str = "", text: str = "", end_to_end: str = ""
    ) -> Movement:
        """A customer pays."""
        self.record("payment", f"{len(self.account.movements) + 1}", {"cents": cents, "structured": structured})
        return self.account.move(
            cents, self.today(), name=name, iban=iban, structured=structured, text=text, end_to_end=end_to_end
        )

    def end_of_day(self, form: str = "camt.053") -> str:
        """Write the statement of everything since the last one; returns the file's name."""
        before, after, moved = self.account.next_statement()
        written = camt053 if form == "camt.053" else mt940
        name = f"{'camt053' if form == 'camt.053' else 'mt940'}-{self.account.statements:05}.{'xml' if form == 'camt.053' else 'sta'}"
        self.put(f"out/{name}", written(self.account, before, after, moved, self.today()))
        return name
