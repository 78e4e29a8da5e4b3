"""The demo landscape of a distributor, shipped with the package: Odoo, two shops, a warehouse, two carriers."""

from pathlib import Path
from typing import Final

DEMO: Final = Path(__file__).parent
"""The folder of the demo landscape."""
