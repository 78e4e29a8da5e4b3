"""What carriers call their charges, in words; knows no syntax."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, get_args

from crossdock.canonical.freight import ChargeKind


def plain_word(title: str) -> str:
    """A word as it is compared: without case, accents, blanks and marks."""
    folded = unicodedata.normalize("NFKD", title.casefold().replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]", "", "".join(sign for sign in folded if not unicodedata.combining(sign)))


CHARGES: Final[dict[str, str]] = {
    **{plain_word(kind): kind for kind in get_args(ChargeKind)},
    **dict.fromkeys(("freight", "transport", "fracht", "grundfracht", "linehaul", "basecharge"), "base"),
    **dict.fromkeys(("fuelsurcharge", "dieselzuschlag", "treibstoffzuschlag", "energiezuschlag"), "fuel"),
    **dict.fromkeys(("residentialsurcharge", "residentialdelivery", "privatzustellung"), "residential"),
    **dict.fromkeys(("remotearea", "remoteareasurcharge", "inselzuschlag", "extendedarea"), "remote"),
    **dict.fromkeys(("customsclearance", "verzollung", "zollabfertigung"), "customs"),
    **dict.fromkeys(("duties", "zoll", "importduty"), "duty"),
    **dict.fromkeys(("rabatt", "rebate"), "discount"),
    **dict.fromkeys(("vat", "mwst", "ust", "salestax"), "tax"),
}
"""By the plain word; everything else goes through the agreement's map `charges`."""
