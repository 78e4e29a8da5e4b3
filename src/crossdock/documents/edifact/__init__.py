"""EDIFACT messages to and from canonical objects; importing the room registers its readers and writers."""

from __future__ import annotations

from crossdock.documents.edifact import despatch_advice as despatch_advice
from crossdock.documents.edifact import despatch_advice_out as despatch_advice_out
from crossdock.documents.edifact import invoice as invoice
from crossdock.documents.edifact import invoice_out as invoice_out
from crossdock.documents.edifact import order_response as order_response
from crossdock.documents.edifact import purchase_order as purchase_order
from crossdock.documents.edifact import remittance as remittance
from crossdock.documents.edifact import reports as reports
from crossdock.documents.edifact import transport_instruction as transport_instruction
