"""The outbox: which records changed, kept by the transaction that changed them, numbered in an order in which nothing appears late.

Capture is by triggers, not by overriding `create`, `write` and `unlink`: stored computed fields (the state of a transfer, the delivery
status of an order), raw SQL of other modules and lines that PostgreSQL deletes in cascade pass those by.

Numbers are given when the hub reads, not when a row is written. A sequence's value is taken at insertion, so of two transactions the one
that began first may commit last: whoever has read up to the higher number never sees the lower. The usual remedy, to read only what is older
than `pg_snapshot_xmin`, stands still while any transaction of the whole cluster runs (a report, a dump), and breaks when a database is
moved to another cluster, whose transaction ids are lower. Here every reader first takes one row lock, then numbers what it can see:
what is visible has committed, what commits later gets a higher number, and two readers at once cannot both number (under REPEATABLE READ the
second fails and Odoo repeats its call with a fresh view). Of one record the order is that of its changes: the second writer waits for
the first one's commit, so its row in the outbox is the younger.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError

CAPTURED = (
    "sale.order",
    "sale.order.line",
    "stock.picking",
    "stock.move",
    "stock.quant",
    "purchase.order",
    "purchase.order.line",
    "account.move",
)
HUB = "crossdock_outbox.group_hub"
MOST = 5000
"""So many rows are numbered or given by one call."""
KEPT_DAYS = 2
"""Acknowledged rows stay so long, for a hub that was restored from a backup."""
FORGOTTEN_DAYS = 14
"""A reader that was silent for so long does not hold the outbox back any more."""

TABLES = """
CREATE TABLE IF NOT EXISTS crossdock_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamp NOT NULL DEFAULT (transaction_timestamp() AT TIME ZONE 'UTC'),
    model varchar NOT NULL,
    res_id integer NOT NULL,
    op varchar NOT NULL,
    seq bigint
);
CREATE UNIQUE INDEX IF NOT EXISTS crossdock_outbox_once ON crossdock_outbox (tx, at, model, res_id, op) WHERE seq IS NULL;
CREATE INDEX IF NOT EXISTS crossdock_outbox_fresh ON crossdock_outbox (id) WHERE seq IS NULL;
CREATE INDEX IF NOT EXISTS crossdock_outbox_seq ON crossdock_outbox (seq);
CREATE TABLE IF NOT EXISTS crossdock_outbox_head (
    id integer PRIMARY KEY CHECK (id = 1), numbered bigint NOT NULL, pruned bigint NOT NULL
);
INSERT INTO crossdock_outbox_head VALUES (1, 0, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS crossdock_outbox_reader (
    name varchar PRIMARY KEY, acknowledged bigint NOT NULL, seen timestamp NOT NULL
);
CREATE OR REPLACE FUNCTION crossdock_outbox_capture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- one row a transaction, record and kind of change is enough: who reads it reads the record as it is by then
    IF TG_OP = 'DELETE' THEN
        INSERT INTO crossdock_outbox (model, res_id, op) VALUES (TG_ARGV[0], OLD.id, 'unlink') ON CONFLICT DO NOTHING;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO crossdock_outbox (model, res_id, op) VALUES (TG_ARGV[0], NEW.id, 'create') ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO crossdock_outbox (model, res_id, op) VALUES (TG_ARGV[0], NEW.id, 'write') ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
"""

TRIGGERS = """
DROP TRIGGER IF EXISTS crossdock_outbox_made ON {table};
DROP TRIGGER IF EXISTS crossdock_outbox_changed ON {table};
CREATE TRIGGER crossdock_outbox_made AFTER INSERT OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION crossdock_outbox_capture('{model}');
CREATE TRIGGER crossdock_outbox_changed AFTER UPDATE ON {table}
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION crossdock_outbox_capture('{model}');
"""


def uninstall_hook(env):
    """Take the triggers away with the tables they write to."""
    env.cr.execute("DROP FUNCTION IF EXISTS crossdock_outbox_capture() CASCADE")
    env.cr.execute("DROP TABLE IF EXISTS crossdock_outbox_head, crossdock_outbox_reader, crossdock_outbox CASCADE")


class CrossdockOutbox(models.Model):
    _name = "crossdock.outbox"
    _description = "Changes for the Crossdock hub"
    _auto = False
    _log_access = False
    _order = "seq, id"

    model = fields.Char(readonly=True)
    res_id = fields.Integer(readonly=True)
    op = fields.Char("Change", readonly=True)
    at = fields.Datetime("Transaction began", readonly=True)
    seq = fields.Integer("Number", readonly=True)

    def init(self):
        self.env.cr.execute(TABLES)
        for name in CAPTURED:
            self.env.cr.execute(TRIGGERS.format(table=self.env[name]._table, model=name))

    @api.model
    def changes_after(self, reader, after=None, limit=500, models=None):
        """Changes after a number, oldest first: `{"rows": [[number, model, id, "create"|"write"|"unlink"], ...], "last", "more", "gap"}`.

        To ask for what comes after a number acknowledges everything up to it. Without `after` nothing is given but where the outbox ends:
        read everything once another way, then go on from `last`. `gap` says that changes after the number asked for are gone (a
        reader that was silent for too long, a database restored from a backup): read everything again. `models` limits what is given.
        """
        if not self.env.su and not self.env.user.has_group(HUB):
            raise AccessError(self.env._("Only users in the group of the Crossdock hub may read its outbox."))
        limit = max(1, min(int(limit), MOST))
        more = self._number()
        cr = self.env.cr
        cr.execute("SELECT numbered, pruned FROM crossdock_outbox_head")
        numbered, pruned = cr.fetchone()
        cr.execute("SELECT acknowledged, seen < (now() AT TIME ZONE 'UTC') - interval '1 hour' FROM crossdock_outbox_reader WHERE name = %s", [reader])
        known = cr.fetchone()
        if after is None:
            self._acknowledge(reader, numbered)
            return {"rows": [], "last": numbered, "more": False, "gap": False}
        after = int(after)
        if known is None or after < pruned or after > numbered:
            self._acknowledge(reader, numbered)
            return {"rows": [], "last": numbered, "more": False, "gap": True}
        if known != (after, False):
            self._acknowledge(reader, after)
        cr.execute(
            "SELECT seq, model, res_id, op FROM crossdock_outbox WHERE seq > %s AND (%s::varchar[] IS NULL OR model = ANY(%s)) ORDER BY seq LIMIT %s",
            [after, models, models, limit],
        )
        rows = [list(row) for row in cr.fetchall()]
        full = len(rows) == limit
        return {"rows": rows, "last": rows[-1][0] if full else numbered, "more": full or more, "gap": False}

    def _number(self):
        """Give numbers to what has committed; whether some is left without."""
        cr = self.env.cr
        cr.execute("SELECT 1 FROM crossdock_outbox WHERE seq IS NULL LIMIT 1")
        if not cr.fetchone():
            return False
        # under REPEATABLE READ this fails when another reader numbered since this call began, and Odoo repeats the call
        cr.execute("SELECT numbered FROM crossdock_outbox_head FOR UPDATE")
        (numbered,) = cr.fetchone()
        cr.execute(
            """
            WITH fresh AS (
                SELECT id, row_number() OVER (ORDER BY id) AS place
                FROM (SELECT id FROM crossdock_outbox WHERE seq IS NULL ORDER BY id LIMIT %s) AS first
            )
            UPDATE crossdock_outbox AS kept SET seq = %s + fresh.place FROM fresh WHERE kept.id = fresh.id
            """,
            [MOST, numbered],
        )
        count = cr.rowcount
        cr.execute("UPDATE crossdock_outbox_head SET numbered = numbered + %s", [count])
        return count == MOST

    def _acknowledge(self, reader, number):
        self.env.cr.execute(
            """
            INSERT INTO crossdock_outbox_reader (name, acknowledged, seen) VALUES (%s, %s, now() AT TIME ZONE 'UTC')
            ON CONFLICT (name) DO UPDATE SET acknowledged = excluded.acknowledged, seen = excluded.seen
            """,
            [reader, number],
        )

    @api.autovacuum
    def _prune(self, kept_days=KEPT_DAYS):
        """Forget what every reader has acknowledged, and readers that do not come any more."""
        cr = self.env.cr
        cr.execute("DELETE FROM crossdock_outbox_reader WHERE seen < (now() AT TIME ZONE 'UTC') - make_interval(days => %s)", [FORGOTTEN_DAYS])
        cr.execute("SELECT min(acknowledged) FROM crossdock_outbox_reader")
        (low,) = cr.fetchone()
        if low is None:
            # nobody reads: keep what somebody who comes soon could still use
            cr.execute("DELETE FROM crossdock_outbox WHERE at < (now() AT TIME ZONE 'UTC') - make_interval(days => %s)", [FORGOTTEN_DAYS])
            return
        cr.execute(
            "DELETE FROM crossdock_outbox WHERE seq <= %s AND at <= (now() AT TIME ZONE 'UTC') - make_interval(days => %s) RETURNING seq",
            [low, kept_days],
        )
        gone = max((seq for (seq,) in cr.fetchall()), default=0)
        cr.execute("UPDATE crossdock_outbox_head SET pruned = greatest(pruned, %s)", [gone])
