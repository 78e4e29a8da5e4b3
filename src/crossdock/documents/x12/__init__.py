"""X12 transaction sets to and from canonical objects; importing the room registers its readers and writers."""

from __future__ import annotations

from crossdock.documents.x12 import despatch_advice as despatch_advice
from crossdock.documents.x12 import despatch_advice_out as despatch_advice_out
from crossdock.documents.x12 import freight_invoice as freight_invoice
from crossdock.documents.x12 import invoice as invoice
from crossdock.documents.x12 import invoice_out as invoice_out
from crossdock.documents.x12 import load_tender as load_tender
from crossdock.documents.x12 import order_response as order_response
from crossdock.documents.x12 import purchase_order as purchase_order
from crossdock.documents.x12 import remittance as remittance
from crossdock.documents.x12 import shipment_status as shipment_status
from crossdock.documents.x12 import warehouse_orders as warehouse_orders
from crossdock.documents.x12 import warehouse_reports as warehouse_reports
