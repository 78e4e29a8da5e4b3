"""A simulated warehouse: one model, spoken to over the REST contract (`Wms`) or over CSV files on SFTP (`WmsSftp`)."""

from crossdock.simulators.wms.rest import Wms
from crossdock.simulators.wms.sftp import WmsSftp

__all__ = ["Wms", "WmsSftp"]
