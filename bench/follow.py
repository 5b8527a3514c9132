#!/usr/bin/env python3
"""How long a line is on its way: from an app's write to the output of `lodge
logs -f`, against `tail -F` on the same live file.

One app writes a line with the time every 20 ms; the two follow it by turns, in
the same minutes. Medians over all lines; exit 1 when tail's is the smaller.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from cli import ROOT, Side, lodge_version, table

APP = """
import os, time
while True:
    time.sleep(0.02)
    os.write(1, b"%d\\n" % time.monotonic_ns())
"""


def delays(argv, env, lines):
    """Microseconds of so many lines, the first ones apart."""
    follower = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE)
    out = follower.stdout.fileno()
    found = []
    try:
        time.sleep(0.3)
        os.read(out, 1 << 16)
        while len(found) < lines:
            chunk = os.read(out, 1 << 16)
            now = time.monotonic_ns()
            if not chunk:
                raise SystemExit(f"bench: {argv[0]} ended")
            found += [(now - int(line.split()[-1])) / 1000
                      for line in chunk.splitlines()]
    finally:
        follower.kill()
        follower.wait()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lodge", default=os.path.join(
        ROOT, "build", "release", "lodge"))
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--lines", type=int, default=200, help="a round")
    options = parser.parse_args()

    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="bench-", dir=os.path.join(ROOT, "build"))
    lodge = Side("lodge", options.lodge, "LODGE_HOME",
                 os.path.join(scratch, "lodge"))
    app = os.path.join(scratch, "app.py")
    with open(app, "w", encoding="ascii") as file:
        file.write(APP)
    try:
        lodge.call("start", app, "--name", "app", "--interpreter",
                   sys.executable)
        ways = {
            "lodge logs -f": [options.lodge, "logs", "app", "-f", "-n", "0"],
            "tail -F": [shutil.which("tail"), "-n", "0", "-F", os.path.join(
                lodge.home, "logs", "app-out.log")],
        }
        found = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, argv in ways.items():
                found[name] += delays(argv, lodge.env, options.lines)
    finally:
        lodge.end()
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"lodge {lodge_version(options.lodge)}, {os.cpu_count()} cores, load "
          f"{os.getloadavg()[0]:.1f}\n")
    medians = {name: statistics.median(all_) for name, all_ in found.items()}
    rows = []
    for name, all_ in found.items():
        cut = statistics.quantiles(all_, n=100)
        rows.append([name] + [f"{us:.0f} us" for us in (
            medians[name], cut[24], cut[74], cut[98])])
    table(rows, ("", "median", "p25", "p75", "p99"))
    mine, theirs = medians.values()
    print(f"\ntail's median over ours: {theirs / mine:.2f}")
    return 0 if mine <= theirs else 1


if __name__ == "__main__":
    sys.exit(main())
