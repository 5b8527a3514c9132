#!/usr/bin/env python3
"""What an archive costs and saves: Lodge against gzip -6, zstd -3 of the whole
file, and pm2-logrotate's way (node's zlib, gzip at level 9), turn by turn in
one run, over logs of our own making (log_corpus.cc).

MB are of the log as it lies on disk. MB/s is by wall time of the process, CPU
its user and system seconds for 10^9 bytes. Medians of the rounds; ratios to
zstd -3 are medians of the rounds' ratios. Exit 1 when an archive does not come
out as it went in, or its index is over 12 % of the data frames.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "release", "bench")
NODE = ("const fs=require('fs'),z=require('zlib');"
        "fs.createReadStream(process.argv[1])"
        ".pipe(z.createGzip({level:9,memLevel:9}))"
        ".pipe(fs.createWriteStream(process.argv[2]))")
WHOLE = "zstd -3, whole file"


def tools(log, out, stamped):
    archive = [os.path.join(BUILD, "bench_archive"), log, out,
               "--stamped", stamped]
    return {
        "lodge": archive,
        "lodge, no filter": [*archive, "--index", "no"],
        "lodge, level 9": [*archive, "--level", "9"],
        WHOLE: ["zstd", "-3", "--single-thread", "-q", "-f", log, "-o", out],
        "gzip -6": ["sh", "-c", 'exec gzip -6 -c "$0" > "$1"', log, out],
        "pm2-logrotate": ["node", "-e", NODE, log, out],
    }


def run(command, log, out):
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    took = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return {"seconds": took, "cpu": cpu, "stored": os.path.getsize(out),
            "said": json.loads(done.stdout) if done.stdout.strip() else None}


def comes_out(log, out):
    decoded = subprocess.Popen(["zstd", "-dc", out], stdout=subprocess.PIPE)
    same = subprocess.run(["cmp", "-s", log, "-"], stdin=decoded.stdout)
    decoded.stdout.close()
    return decoded.wait() == 0 and same.returncode == 0


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))
                        ).rstrip())
    print()


def measure(kind, stamp, scratch, options):
    log, out = os.path.join(scratch, "log"), os.path.join(scratch, "out")
    with open(log, "wb") as into:
        subprocess.run([os.path.join(BUILD, "bench_log_corpus"), "--kind", kind,
                        "--stamp", stamp, "--size", options.size, "--seed",
                        str(options.seed)], check=True, stdout=into)
    size = os.path.getsize(log)
    commands = tools(log, out, "no" if stamp == "none" else "yes")
    runs = {name: [] for name in commands}
    good = True
    for number in range(options.rounds):
        for name, command in commands.items():
            # What takes long takes long each time.
            if number > 0 and name in ("gzip -6", "pm2-logrotate",
                                       "lodge, level 9"):
                continue
            runs[name].append(run(command, log, out))
            if number == 0 and name.startswith("lodge"):
                good = comes_out(log, out) and good
            os.unlink(out)
    rows = [(f"{kind}, stamp {stamp}, {size / 1e6:.0f} MB", "ratio", "MB/s",
             "CPU s/GB", "index %", "data / zstd -3", "MB/s / zstd -3",
             "CPU / zstd -3")]
    whole = runs[WHOLE]
    for name, done in runs.items():
        def median(value, done=done):
            return statistics.median(value(one) for one in done)

        def against(value, done=done):
            return statistics.median(value(a) / value(b)
                                     for a, b in zip(done, whole))
        said = done[0]["said"]
        data = done[0]["stored"] - (said["index"] if said else 0)
        share = 100 * said["index"] / data if said else 0
        good = good and share <= 12
        rows.append((
            name, f"{size / done[0]['stored']:.2f}",
            f"{median(lambda one: size / 1e6 / one['seconds']):.0f}",
            f"{median(lambda one: one['cpu'] / size * 1e9):.2f}",
            f"{share:.2f}" if said else "",
            f"{data / whole[0]['stored']:.3f}",
            f"{against(lambda one: 1 / one['seconds']):.2f}",
            f"{against(lambda one: one['cpu']):.2f}"))
    table(rows)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="256M", help="of each log; 1G")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true",
                        help="one round of 16 MiB: does it work at all?")
    options = parser.parse_args()
    if options.quick:
        options.size, options.rounds = "16M", 1
    good = True
    with tempfile.TemporaryDirectory(dir=os.path.join(ROOT, "build")) as scratch:
        for kind, stamp in (("text", "prefix"), ("json", "json")):
            good = measure(kind, stamp, scratch, options) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
