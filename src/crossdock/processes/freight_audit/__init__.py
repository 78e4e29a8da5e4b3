"""The audit of carriers' invoices against what was agreed: pure arithmetic, line by line, with its words."""

from crossdock.processes.freight_audit.audit import audit
from crossdock.processes.freight_audit.result import Audit, AuditedLine, Finding, dispute
from crossdock.processes.freight_audit.terms import Agreed, AuditRules, Billed

__all__ = ["Agreed", "Audit", "AuditRules", "AuditedLine", "Billed", "Finding", "audit", "dispute"]
