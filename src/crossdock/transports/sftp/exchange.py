"""The file exchange `sftp`: the SFTP server of a system whose connector reads and writes files there; knows no file's meaning."""

from __future__ import annotations

from crossdock.connectors.protocol import ConnectorContext
from crossdock.transports.sftp.client import SftpClient, access


class SftpExchange(SftpClient):
    """The system's options say how to get in (`username`, `host_keys`, `auth`, `timeout`) and name the hub's `own_folders` there."""

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(access(context, context.options, context.options.own_folders))
