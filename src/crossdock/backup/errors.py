"""What can be wrong with a backup or a restore, each with what to do."""

from __future__ import annotations

from crossdock.core.errors import Deferred, Misconfigured, Rejected


class BackupAbsent(Rejected):
    """There is no such backup."""

    code = "backup.absent"
    hint = "`crossdock backup list --to FOLDER` lists what is there."


class BackupDamaged(Rejected):
    """A backup is not what its manifest says."""

    code = "backup.damaged"
    hint = "Do not restore it. Take another one now, and find out what altered the folder; `crossdock backup verify` names the files."


class BackupKeyWrong(Misconfigured):
    """The backups in this folder cannot be opened with this key."""

    code = "backup.key"
    hint = "Set CROSSDOCK_BACKUP_KEY (32 or more random characters) to the key the folder was begun with; without it they cannot be read."


class BackupFolderForeign(Misconfigured):
    """The folder is not one of backups."""

    code = "backup.folder"
    hint = "Name an empty folder, or one `crossdock backup` wrote to."


class ToolFailed(Deferred):
    """A tool of PostgreSQL failed."""

    code = "backup.tool_failed"
    hint = "pg_dump, pg_restore and pg_basebackup must be installed in the server's major version; their own words are in the message."


class LedgerInTheWay(Rejected):
    """There is a ledger where the backup would go."""

    code = "restore.ledger_there"
    hint = "Stop every hub on it, then say --replace: the old ledger is kept beside the new one, not overwritten."


class HubStillRuns(Rejected):
    """A hub works on the ledger that is to be replaced."""

    code = "restore.hub_runs"
    hint = "Stop it first: what it does while the ledger is replaced would be forgotten."


class MomentNotCovered(Rejected):
    """No backup covers the moment that was asked for."""

    code = "restore.moment"
    hint = "On SQLite any stated backup can be restored, nothing between two; on PostgreSQL any moment after a physical backup whose WAL is archived."


class NothingToFinish(Rejected):
    """No restoration is under way on this ledger."""

    code = "restore.none"
    hint = "`crossdock restore status` says what was restored when."
