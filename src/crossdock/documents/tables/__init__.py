"""Spreadsheets (CSV, XLSX) of suppliers who have nothing else; importing it registers their readers and the writer of orders."""

from __future__ import annotations

from crossdock.documents.tables import despatch, freight_invoice, invoice, order, order_response

__all__ = ["despatch", "freight_invoice", "invoice", "order", "order_response"]
