"""A simulated bank that exchanges files over SFTP, with an account it keeps itself."""

from crossdock.simulators.bank.account import Account, Movement
from crossdock.simulators.bank.sftp import PASSWORD, BankSftp

__all__ = ["PASSWORD", "Account", "BankSftp", "Movement"]
