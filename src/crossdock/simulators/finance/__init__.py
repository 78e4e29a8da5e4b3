"""A simulated finance system: the journal contract over REST, and as CSV files over SFTP."""

from __future__ import annotations

from crossdock.simulators.contract import Refused
from crossdock.simulators.finance.books import Books
from crossdock.simulators.finance.rest import API_KEY, Finance
from crossdock.simulators.finance.sftp import PASSWORD, FinanceSftp

__all__ = ["API_KEY", "PASSWORD", "Books", "Finance", "FinanceSftp", "Refused"]
