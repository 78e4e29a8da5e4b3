"""Code translations as rules use them; knows no table."""

from __future__ import annotations

from typing import Protocol


class ValueMaps(Protocol):
    """The landscape's value maps (`connectors.protocol.ValueMaps` is one)."""

    def translate(self, name: str, value: str, /) -> str:
        """The canonical value of a partner's code. Raises `core.errors.ValueMapMissing`."""
        ...

    def reverse(self, name: str, value: str, /) -> str:
        """The partner's code for a canonical value. Raises `core.errors.ValueMapMissing`."""
        ...
