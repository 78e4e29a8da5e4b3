"""What the payload dictionary saves, and how it was made: trained on the payloads of a demo, measured on orders it never saw.

python -m benchmarks.payload_dictionary                       what it saves on the benchmark's orders
python -m benchmarks.payload_dictionary --train LEDGER OUT    make one from the SQLite ledger of `crossdock demo --folder`
"""

from __future__ import annotations

import argparse
import random
import sqlite3
from pathlib import Path

import zstandard

from benchmarks.record import record
from benchmarks.sender import order
from crossdock.ledger.payloads import DICTIONARY_ID, decode, pack, unpack

SIZE = 16_384


def train(ledger: Path, out: Path) -> None:
    """Make a dictionary. A new one gets a new file and a new number: what the old one packed needs the old one for ever."""
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        found = [
            unpack(row[0])
            for column in ("event.data", "delivery.data", "attempt.exchanges", "instance.state")
            for row in connection.execute(
                f"SELECT {column.partition('.')[2]} FROM ledger_{column.partition('.')[0]} WHERE {column.partition('.')[2]} IS NOT NULL"
            )
        ]
        bodies = connection.execute("SELECT encoding, body FROM ledger_message WHERE body IS NOT NULL")
        found += [decode(encoding, body) for encoding, body in bodies]
    samples = [each for each in found if 50 < len(each) < 20_000]
    random.Random(1).shuffle(samples)
    out.write_bytes(zstandard.train_dictionary(SIZE, samples, dict_id=DICTIONARY_ID).as_bytes())
    print(f"{out}: {out.stat().st_size} bytes of {len(samples)} samples")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs=2, type=Path, metavar=("LEDGER", "OUT"))
    args = parser.parse_args()
    if args.train:
        train(*args.train)
        return
    bodies = [order(number) for number in range(500)]
    plain = zstandard.ZstdCompressor(level=3)
    without = sum(len(plain.compress(body)) for body in bodies) / len(bodies)
    packed = sum(len(pack(body)) for body in bodies) / len(bodies)
    record("payload_dictionary_order", packed, "bytes", baseline=without, goal=0.9, higher=False, on="ratio")


if __name__ == "__main__":
    main()
