"""The yardstick: the same work written by hand without the hub. Bare ASGI accept with group commit, then batches of 200:
decode, validate, deliver over loopback HTTP, record. No landscape, no ownership, no ordering, no audit, no reconciliation."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
import orjson
from pydantic import BaseModel

BATCH = 200


class Line(BaseModel):
    sku: str
    name: str
    quantity: int
    price: str


class Order(BaseModel):
    number: str
    version: int
    placed_at: str
    customer: dict[str, str]
    address: dict[str, str]
    currency: str
    service: str
    total: str
    lines: list[Line]


class Database:
    """The same two statements on either database."""

    def __init__(self, url: str) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.sqlite = url.startswith("sqlite:///")
        self.url = url
        self.connection: Any = None

    def open(self) -> None:
        create = "CREATE TABLE message (id bigint PRIMARY KEY, body {blob}, state int DEFAULT 0)"
        if self.sqlite:
            self.connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=FULL")
            self.connection.execute(create.format(blob="blob"))
        else:
            import psycopg

            self.connection = psycopg.connect(self.url, autocommit=True)
            self.connection.execute(create.format(blob="bytea"))

    def insert(self, rows: list[tuple[int, bytes]]) -> None:
        if self.sqlite:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany("INSERT INTO message (id, body) VALUES (?,?)", rows)
            self.connection.execute("COMMIT")
        else:
            ids, bodies = zip(*rows, strict=True)
            sql = "INSERT INTO message (id, body) SELECT * FROM unnest(%b::bigint[], %b::bytea[])"
            self.connection.execute(sql, (list(ids), list(bodies)))

    def take(self) -> list[tuple[int, bytes]]:
        return self.connection.execute(f"SELECT id, body FROM message WHERE state=0 ORDER BY id LIMIT {BATCH}").fetchall()  # type: ignore[no-any-return]

    def record(self, ids: list[int]) -> None:
        if self.sqlite:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany("UPDATE message SET state=1 WHERE id=?", [(i,) for i in ids])
            self.connection.execute("COMMIT")
        else:
            self.connection.execute("UPDATE message SET state=1 WHERE id = ANY(%s)", (ids,))

    async def do(self, work: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work, *args)


class Accept:
    """Answers once the group commit that holds the message is through."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.waiting: list[tuple[tuple[int, bytes], asyncio.Future[None]]] = []
        self.writer: asyncio.Task[None] | None = None
        self.arrived = asyncio.Event()
        self.count = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.count += 1
        self.waiting.append(((self.count, body), future))
        if self.writer is None or self.writer.done():
            self.writer = asyncio.create_task(self.write())
        await future
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"status":"accepted"}'})

    async def write(self) -> None:
        while self.waiting:
            group, self.waiting = self.waiting, []
            await self.database.do(self.database.insert, [row for row, _ in group])
            for _, future in group:
                future.set_result(None)
            self.arrived.set()


async def work(database: Database, accept: Accept, target: str) -> None:
    connector = aiohttp.TCPConnector(limit=BATCH)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def deliver(number: int, body: bytes) -> int:
            async with session.post(target, data=body, headers={"content-type": "application/json"}) as answer:
                await answer.read()
            return number

        while True:
            rows = await database.do(database.take)
            if not rows:
                accept.arrived.clear()
                await accept.arrived.wait()
                continue
            orders = [(number, Order.model_validate(orjson.loads(bytes(body)))) for number, body in rows]
            done = await asyncio.gather(*(deliver(n, orjson.dumps(o.model_dump())) for n, o in orders))
            await database.do(database.record, list(done))


async def main() -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    port, url, target, accept_only = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == "accept"
    database = Database(url)
    await database.do(database.open)
    accept = Accept(database)
    worker = None if accept_only else asyncio.create_task(work(database, accept, target))
    server = Server(accept, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False, backlog=1024)
    await server.serve()
    if worker:
        worker.cancel()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
