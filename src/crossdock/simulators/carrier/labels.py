"""Labels as a carrier returns them, small: one page or one bitmap that names the waybill."""

from __future__ import annotations

import base64

_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAIBRAA7")


def _pdf(waybill: str) -> bytes:
    text = f"BT /F1 18 Tf 20 200 Td ({waybill}) Tj ET".encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 288 432]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length " + str(len(text)).encode() + b">>stream\n" + text + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj".encode() + content + b"endobj\n"
    table = b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    size = len(objects) + 1
    head = f"xref\n0 {size}\n0000000000 65535 f \n".encode()
    return body + head + table + f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF".encode()


def label(form: str, waybill: str) -> str:
    """A label in `PDF`, `ZPL` or `GIF`, base64 as carriers send it."""
    made = {
        "PDF": lambda: _pdf(waybill),
        "ZPL": lambda: f"^XA^FO50,50^BY3^BCN,200,Y,N,N^FD{waybill}^FS^XZ".encode(),
    }.get(form.upper(), lambda: _GIF)()
    return base64.b64encode(made).decode()
