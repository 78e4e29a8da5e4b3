"""A simulated mail host: a relay that takes mails (SMTP) and mailboxes that are read (IMAP), both with faults."""

from crossdock.simulators.mail.host import MailHost

__all__ = ["MailHost"]
