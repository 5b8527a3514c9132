#!/usr/bin/env python3
"""What finding lines again costs: `lodge grep` against ripgrep, grep, jq,
`rg -z` and zstdgrep, turn by turn in one run, over the same bytes.

An app writes a log of our own making (log_corpus.cc), with needles planted. It
is captured twice: into one live file, and into archives of 64 MiB. rg and grep
search the live file as it lies on disk, `rg -z` and zstdgrep the archives. All
are counted by whole process, warm (the second of two runs, unless one takes a
second), with their output counted by `wc -l`; rg is
Debian's and the newest that npm has, each with and without mmap, and ratios are
to the fastest of them. Exit 1 when lodge and rg do not find the same number of
lines.
"""

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from archive import ROOT, table
from cli import RIVALS, npm_install
from rivals import wait_for

LODGE = os.path.join(ROOT, "build", "release", "lodge")
CORPUS = os.path.join(ROOT, "build", "release", "bench", "bench_log_corpus")
RG_VERSION = "1.18.0"  # ripgrep 15
ONCE = "3f9d2c71-8e4a-4b60-9d15-7ac1e5b20f01"
NEVER = "e5d1a0c3-6b7f-4e28-9c04-2f8b1d7a3e90"
TEN = "a1b7e6d4-52c8-4f39-86e0-1d9f3c7b5a10"
MANY = "d84c0b9e-17f2-4a6d-b3c5-90e2f7a6d1e8"

# What, the pattern, rg's flags, on archives too. Flags are both sides'.
TEXT = [
    ("id, no hit", NEVER, []),
    ("id, 1 hit", ONCE, []),
    ("id, 10 hits", TEN, []),
    ("id, 1,000 hits", MANY, []),
    ("a word that is nowhere", "segfault", []),
    ("1 % of lines", "circuit breaker opened", []),
    ("2 % of lines", '" 500 ', []),
    ("5 %, ERROR", "ERROR", []),
    ("10 %", "Safari", []),
    ("-i, id", ONCE.upper(), ["-i"]),
    ("-i, 2 %", "PAYMENT AUTHORISED", ["-i"]),
    ("regex with literal", r"order=\d+0123 took", []),
    ("regex, rare literal", r"needle [0-9a-f]+-8e4a", []),
    ("regex, one rare byte", r"[A-Z]{5}\[[0-9]{5}\]", []),
    ("regex, no literal", r"[A-Z]{6}[0-9]{4}", []),
    ("three words", "deadlock|slow query|certificate expired", []),
]


def plant(mib, kind, seed):
    """The app: the corpus with needles in it, then silence."""
    return f'''
import subprocess, sys, time
corpus = subprocess.Popen([{CORPUS!r}, "--kind", {kind!r}, "--size", "{mib}M",
                           "--seed", "{seed}", "--stamp", "none"],
                          stdout=subprocess.PIPE)
out = sys.stdout.buffer
size, total = 0, {mib} << 20
ten = [total * (i + 1) // 11 for i in range(10)]
many = [total * (i + 1) // 1001 for i in range(1000)]
once = [total // 3]
while True:
    block = corpus.stdout.read(1 << 18)
    if not block:
        break
    # At line ends.
    cut = block.rfind(b"\\n") + 1
    out.write(block[:cut])
    size += len(block)
    for places, needle in ((once, {ONCE!r}), (ten, {TEN!r}), (many, {MANY!r})):
        while places and places[0] <= size:
            places.pop(0)
            out.write(b"needle %s planted\\n" % needle.encode())
    rest = block[cut:] + corpus.stdout.readline()
    out.write(rest)
out.write(b"the end\\n")
out.flush()
time.sleep(1e6)
'''


def newest_rg():
    """As npm has it; None where there is none for this machine."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    package = f"@vscode/ripgrep-linux-{machine}"
    path = os.path.join(RIVALS, "node_modules", package, "bin", "rg")
    if not os.path.exists(path) and machine and shutil.which("npm"):
        try:
            npm_install(f"{package}@{RG_VERSION}")
        except subprocess.CalledProcessError:
            pass
    return path if os.path.exists(path) else None


class Home:
    def __init__(self, scratch):
        self.path = os.path.join(scratch, "home")
        self.scratch = scratch
        self.env = dict(os.environ, LODGE_HOME=self.path)
        os.mkdir(self.path)
        self.lodge("set", "logs.cap", "1000G")

    def lodge(self, *args):
        return subprocess.run([LODGE, *args], env=self.env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def capture(self, name, mib, kind, size):
        script = os.path.join(self.scratch, name + ".py")
        with open(script, "w", encoding="ascii") as file:
            file.write(plant(mib, kind, 1))
        self.lodge("start", script, "--name", name, "--set",
                   f"log.max_size={size}", "--no-wait")
        wait_for(lambda: b"the end" in self.lodge(
            "logs", name, "-n", "1", "--no-events").stdout, name, 600, 0.5)

    def finish(self, name):
        self.lodge("rotate", name)
        wait_for(lambda: b"segment" not in self.lodge(
            "archive", "ls", name).stdout, f"{name}'s archives", 600, 0.5)


def run(command, env=None):
    # Counted by wc: a slow reader would be measured instead of who writes.
    counter = subprocess.Popen(["wc", "-l"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    time.sleep(0.02)  # until it reads: it would start beside what is measured
    into = counter.stdin.fileno()
    actions = [(os.POSIX_SPAWN_DUP2, into, 1),
               (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    began = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ if env is None
                              else env, file_actions=actions)
    _, _, used = os.wait4(process, 0)
    took = time.monotonic() - began
    counter.stdin.close()
    lines = int(counter.stdout.read())
    counter.wait()
    return {"seconds": took, "lines": lines,
            "cpu": used.ru_utime + used.ru_stime}


def turns(commands, rounds, env):
    runs = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            # What takes long takes long each time.
            if number > 1 and runs[name][0]["seconds"] > 5:
                continue
            # Warm is what has just run; after a second of another it is not.
            if not runs[name] or runs[name][0]["seconds"] < 1:
                run(command, env)
            runs[name].append(run(command, env))
    return runs


def median(runs, key="seconds"):
    return statistics.median(one[key] for one in runs)


def figures(name, runs, rivals, ours):
    """A row: ours and theirs in ms, and ratios to the fastest of them."""
    best = min(median(runs[rival]) for rival in rivals)
    row = [name, str(runs[ours[0]][0]["lines"])]
    row += [f"{median(runs[one]) * 1000:.1f}" for one in (*ours, *rivals)]
    row += [f"{best / median(runs[one]):.2f}" for one in ours]
    row += [f"{median(runs[ours[0]], 'cpu'):.2f}",
            f"{min(median(runs[r], 'cpu') for r in rivals):.2f}"]
    return tuple(row)


def raw_rivals(rgs, flags, pattern, live):
    return {f"{name}{mode}": [rg, "-N", mode.strip() or "--mmap", *flags, "-e",
                              pattern, live]
            for name, rg in rgs.items() for mode in ("", " --no-mmap")}


def raw_table(home, options, rgs):
    live = os.path.join(home.path, "logs", "raw-out.log")
    print(f"one live file of {os.path.getsize(live) / 1e6:.0f} MB; ms")
    names = tuple(raw_rivals(rgs, [], "", live))
    rows = [("", "lines", "lodge", "-j1", *names,
             "x rg", "-j1 x rg", "CPU s", "rg CPU s")]
    good = True
    for name, pattern, flags in options.rows:
        runs = turns({
            "lodge": [LODGE, "grep", *flags, "-e", pattern, "raw"],
            "-j1": [LODGE, "grep", "-j1", *flags, "-e", pattern, "raw"],
            **raw_rivals(rgs, flags, pattern, live),
        }, options.rounds, home.env)
        good = good and runs["lodge"][0]["lines"] == runs["rg"][0]["lines"]
        rows.append(figures(name, runs, names, ("lodge", "-j1")))
    table(rows)
    return good


def archive_table(home, options, rgs):
    live = os.path.join(home.path, "logs", "raw-out.log")
    archives = os.path.join(home.path, "logs", "archive", "arc")
    files = sorted(os.path.join(archives, name)
                   for name in os.listdir(archives) if name.startswith("out."))
    print(f"{len(files)} archives of the same lines, "
          f"{sum(map(os.path.getsize, files)) / 1e6:.0f} MB; ms")
    names = tuple(raw_rivals(rgs, [], "", live))
    rows = [("", "lines", "lodge", "-j1", "rg, raw", "rg -z", "zstdgrep",
             "x rg, raw", "x rg -z", "-j1 x rg -z")]
    good = True
    for name, pattern, flags in options.rows:
        runs = turns({
            "lodge": [LODGE, "grep", *flags, "-e", pattern, "arc"],
            "-j1": [LODGE, "grep", "-j1", *flags, "-e", pattern, "arc"],
            **raw_rivals(rgs, flags, pattern, live),
            **{f"{name} -z": [rg, "-z", "-N", "-I", *flags, "-e", pattern,
                              *files] for name, rg in rgs.items()},
            "zstdgrep": ["zstdgrep", "-h", "-E", *flags, "-e",
                         pattern.replace("\\d", "[0-9]"), *files],
        }, options.rounds, home.env)
        good = good and runs["lodge"][0]["lines"] == runs["rg -z"][0]["lines"]
        m = {key: median(value) for key, value in runs.items()}
        m["rg, raw"] = min(m[key] for key in names)
        m["rg -z"] = min(m[f"{key} -z"] for key in rgs)
        rows.append((name, str(runs["lodge"][0]["lines"]),
                     *(f"{m[k] * 1000:.1f}" for k in rows[0][2:7]),
                     f"{m['rg, raw'] / m['lodge']:.2f}",
                     f"{m['rg -z'] / m['lodge']:.2f}",
                     f"{m['rg -z'] / m['-j1']:.2f}"))
    table(rows)
    return good


def other_table(home, options):
    rows = [("", "lines", "lodge ms", "rival ms", "ratio")]
    plain = os.path.join(home.scratch, "plain.json")
    with open(plain, "wb") as into:
        subprocess.run([LODGE, "logs", "json", "--raw", "-n", "all",
                        "--no-events"], env=home.env, check=False, stdout=into)
    count = len(os.listdir(os.path.join(home.path, "logs", "archive", "small")))
    asks = {
        "--where 'status>=500' / jq": (
            [LODGE, "logs", "json", "--raw", "--where", "status>=500"],
            ["jq", "-c", "-R", "fromjson? | select(.status>=500)", plain]),
        f"--since {count} archives / --version": (
            [LODGE, "grep", "needle", "small", "--since", "1s"],
            [LODGE, "version"]),
        "-m 10 --reverse ERROR / --version": (
            [LODGE, "grep", "ERROR", "arc", "--reverse", "-m", "10"],
            [LODGE, "version"]),
    }
    for name, (ours, theirs) in asks.items():
        if shutil.which(theirs[0]) is None:
            continue
        runs = turns({"lodge": ours, "rival": theirs}, options.rounds, home.env)
        a, b = median(runs["lodge"]), median(runs["rival"])
        rows.append((name, str(runs["lodge"][0]["lines"]), f"{a * 1000:.1f}",
                     f"{b * 1000:.1f}", f"{b / a:.2f}"))
    table(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mib", type=int, default=1024, help="of text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rg", default=shutil.which("rg"))
    parser.add_argument("--quick", action="store_true",
                        help="one round of 32 MiB: does it work at all?")
    parser.add_argument("--tables", default="raw,archives,others",
                        help="which of them, with commas")
    parser.add_argument("--rows", default="", metavar="RE",
                        help="only those whose names match")
    options = parser.parse_args()
    tables = options.tables.split(",")
    options.rows = [row for row in TEXT if re.search(options.rows, row[0])]
    if options.quick:
        options.mib, options.rounds = 32, 1
    for needed in (LODGE, CORPUS):
        if not os.path.exists(needed):
            sys.exit(f"bench: {needed} is not built; `make bench` builds it")
    if options.rg is None:
        sys.exit("bench: there is no rg to compare with")
    rgs = {"rg": options.rg}
    if newest := newest_rg():
        rgs["newest rg"] = newest
    for name, rg in rgs.items():
        print(f"{name}: " + subprocess.run(
            [rg, "--version"], check=False, stdout=subprocess.PIPE,
            text=True).stdout.splitlines()[0])
    good = True
    with tempfile.TemporaryDirectory(dir=os.path.join(ROOT, "build")) as scratch:
        home = Home(scratch)
        try:
            home.capture("raw", options.mib, "text", "900G")
            if "raw" in tables:
                good = raw_table(home, options, rgs) and good
            if {"archives", "others"} & set(tables):
                home.capture("arc", options.mib, "text", "64M")
                home.finish("arc")
            if "archives" in tables:
                good = archive_table(home, options, rgs) and good
            if "others" in tables:
                home.capture("json", max(1, options.mib // 2), "json", "900G")
                size = max(1, options.mib * 12 // 1024)  # a hundred of 1 GiB
                home.capture("small", options.mib, "text", f"{size}M")
                home.finish("small")
                other_table(home, options)
        finally:
            home.lodge("kill")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
