"""UBL 2.1 and Peppol BIS 3 documents to and from canonical objects; importing it registers their readers and writers."""

from __future__ import annotations

from crossdock.documents.ubl import despatch, freight_invoice, invoice, order, order_response

__all__ = ["despatch", "freight_invoice", "invoice", "order", "order_response"]
