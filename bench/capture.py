#!/usr/bin/env python3
"""What keeping a line costs: Lodge against everything that takes a program's
stdout to a file, in one run, turn by turn, every byte checked afterwards.

MB and GB are the program's own bytes, without stamps. Time runs from the
producer's first write to the last byte in the file. CPU is the logger's, user
and system; of Lodge daemon and keeper, of PM2 its daemon. Medians of the
rounds; a ratio is the median of the rounds' ratios: the row's MB/s over the
rival's, then its CPU per GB over the rival's. Exit 1 when Lodge lost, doubled or damaged a line.
"""

import argparse
import ctypes
import os
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import rivals
from cli import ROOT, install_rivals, lodge_version
from rivals import cpu_seconds, memory_mib, wait_for

AGAINST = ("cat > file", "s6-log T", "svlogd -tt", "pm2 --time")


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))
                        ).rstrip())


def ratio(ours, theirs, value):
    return statistics.median(
        value(a) / max(value(b), 1e-9) for a, b in zip(ours, theirs))


def one_writer(tools, scratch, options, how, words):
    """Every tool in its turn, so often; then a table. True: Lodge kept all."""
    runs = {tool.name: [] for tool in tools}
    for number in range(options.rounds):
        for tool in tools:
            tool.begin(os.path.join(scratch, "one"))
            try:
                runs[tool.name].append(tool.run(words))
            finally:
                tool.end()
            if number == 0:
                print(f"  {tool.name}", file=sys.stderr)
    rows = [(how, "MB/s", "lines/s", "CPU s/GB", "MiB", "lost", "doubled",
             "damaged", *(f"/ {name}" for name in AGAINST))]
    kept = True
    for name, done in runs.items():
        def median(value, done=done):
            return statistics.median(value(run) for run in done)
        bad = {key: sum(run.bad[key] for run in done)
               for key in ("lost", "doubled", "damaged")}
        if name.startswith("lodge"):
            kept = kept and not any(bad.values())
        ratios = []
        for rival in AGAINST:
            if rival == name or not runs.get(rival):
                ratios.append("")
                continue
            speed = ratio(done, runs[rival], lambda run: run.mb_per_s)
            cpu = ratio(done, runs[rival], lambda run: run.cpu_per_gb)
            ratios.append(f"{speed:.2f} {cpu:.2f}")
        rows.append((
            name, f"{median(lambda run: run.mb_per_s):.0f}",
            f"{median(lambda run: run.lines_per_s):,.0f}",
            f"{median(lambda run: run.cpu_per_gb):.2f}",
            f"{median(lambda run: run.memory):.1f}",
            *(str(number) for number in bad.values()), *ratios))
    table(rows)
    print()
    return kept


def over_a_while(name, pids, files, seconds):
    """A row for many writers: what they cost while they write on."""
    wait_for(lambda: all(os.path.exists(path) and os.path.getsize(path) > 0
                         for path in files), f"the lines of all under {name}")
    before, began = cpu_seconds(pids), time.monotonic()
    sizes = rivals.total_size(files)
    time.sleep(seconds)
    cpu = cpu_seconds(pids) - before
    took = time.monotonic() - began
    return (name, f"{100 * cpu / took:.1f} %",
            f"{memory_mib(pids, 'VmRSS'):.1f}",
            f"{(rivals.total_size(files) - sizes) / 1e6 / took:.1f}")


def verdict(files):
    """What is wrong with each writer's files."""
    found = [rivals.check(paths) for paths in files]
    return [sum(one[key] for one in found)
            for key in ("lost", "doubled", "damaged")]


def many_writers(lodge, tools, scratch, options):
    count, words = options.apps, ["--rate", "1000", "--each", "yes"]
    seconds = 1 if options.quick else 5
    rows = [(f"{count} apps at 1,000 lines/s", "of a core", "MiB", "file MB/s",
             "lost", "doubled", "damaged")]
    kept = True
    by_name = {tool.name: tool for tool in tools}
    for tool in (lodge, by_name.get("pm2 --time")):
        if tool is None:
            continue
        tool.begin(os.path.join(scratch, "many"))
        try:
            tool.start_app("many", [rivals.LINES, "write", *words], count)
            files = [tool.file_of("many", i) for i in range(count)]
            row = over_a_while(tool.name, tool.pids(), files, seconds)
            tool.side.call("stop", "all")
            bad = verdict([tool.history("many", i) for i in range(count)])
            kept = kept and (tool is not lodge or not any(bad))
            rows.append((*row, *map(str, bad)))
        finally:
            tool.end()
    if s6 := by_name.get("s6-log T"):
        rows.append(s6_for_each(s6, scratch, count, words, seconds))
    table(rows)
    print()
    return kept


def s6_for_each(s6, scratch, count, words, seconds):
    s6.begin(os.path.join(scratch, "many"))
    writers, loggers = [], []
    try:
        for number in range(count):
            read, write = os.pipe()
            loggers.append(s6.start(os.path.join(s6.scratch, str(number)),
                                    stdin=read))
            writers.append(subprocess.Popen(
                [rivals.LINES, "write", *words], stdout=write))
            os.close(read)
            os.close(write)
        files = [os.path.join(s6.scratch, str(number), "current")
                 for number in range(count)]
        row = over_a_while(s6.name, [one.pid for one in loggers], files,
                           seconds)
        for writer in writers:
            writer.kill()
        for child in writers + loggers:
            child.wait()
        return (*row, *map(str, verdict([[path] for path in files])))
    finally:
        for child in writers + loggers:
            if child.poll() is None:
                child.kill()
        s6.end()


class Changes:
    """Tells when files of a directory are written to, by inotify: looking at
    hundreds of them again and again would take a core from what is measured."""
    IN_MODIFY = 2

    def __init__(self, directory):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(
                self.fd, directory.encode(), self.IN_MODIFY) < 0:
            raise OSError(ctypes.get_errno(), f"inotify of {directory}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def wait(self, names):
        """When each of them was first written to, in that order."""
        times = []
        while names:
            if not select.select([self.fd], [], [], 60)[0]:
                raise SystemExit(f"bench: {len(names)} files are not written")
            events, now, at = os.read(self.fd, 1 << 16), time.monotonic(), 0
            while at < len(events):
                size = struct.unpack_from("iIII", events, at)[3]
                name = events[at + 16:at + 16 + size].rstrip(b"\0").decode()
                at += 16 + size
                if name in names:
                    names.remove(name)
                    times.append(now)
        return times


def resume(lodge, scratch, options):
    """From kill -9 of the daemon until what the apps wrote while nobody read is
    in one file, and in all. Apps speak when spoken to: 200 that wake up all the
    time would be measured instead."""
    count = options.apps
    lodge.begin(os.path.join(scratch, "resume"))
    pokes, first, every = [], [], []
    try:
        for number in range(count):
            path = os.path.join(scratch, f"poke-{number}")
            os.mkfifo(path)
            pokes.append(os.open(path, os.O_RDWR))
        lodge.start_app("many", ["/bin/sh", "-c",
                                 f"exec cat {scratch}/poke-$NODE_APP_INSTANCE"],
                        count)
        files = [lodge.file_of("many", i) for i in range(count)]

        def speak():
            for poke in pokes:
                os.write(poke, b"a line of some app\n")

        speak()
        wait_for(lambda: all(os.path.exists(path) and os.path.getsize(path) > 0
                             for path in files), "a line of each")
        for _ in range(5):
            daemon = lodge.ping()["daemon"]
            # A daemon that dies young is made to wait: not what is measured.
            time.sleep(1.2)
            # Nobody reads while they speak.
            os.kill(daemon, signal.SIGSTOP)
            time.sleep(0.1)
            speak()
            time.sleep(0.3)
            with Changes(os.path.dirname(files[0])) as changes:
                began = time.monotonic()
                os.kill(daemon, signal.SIGKILL)
                grown = changes.wait(set(map(os.path.basename, files)))
            first.append(grown[0] - began)
            every.append(grown[-1] - began)
    finally:
        for poke in pokes:
            os.close(poke)
        lodge.end()
    table([(f"kill -9, {count} apps", "first line", "a line of each"),
           ("lodge", f"{1000 * statistics.median(first):.0f} ms",
            f"{1000 * statistics.median(every):.0f} ms")])
    print()


def hanging_sink(lodge, scratch, options):
    """The rate of one app's lines while another's file hangs."""
    release = os.path.join(scratch, "release")
    lodge.begin(os.path.join(scratch, "hang"), env={
        "LODGE_FAILPOINTS": "write~a-out.log=hang@20+",
        "LODGE_FAILPOINT_RELEASE": release})
    rates = []
    try:
        words = [rivals.LINES, "write", "--each", "yes", "--rate", "20000"]
        path = lodge.file_of("b")
        lodge.start_app("b", words)
        wait_for(lambda: os.path.exists(path), "the file of b")
        for step in range(2):
            if step == 1:
                lodge.start_app("a", words)
                time.sleep(1)  # its file hangs, its pipe is full
            size, began = os.path.getsize(path), time.monotonic()
            time.sleep(1 if options.quick else 3)
            rates.append((os.path.getsize(path) - size) /
                         (time.monotonic() - began) / 128)
    finally:
        with open(release, "w", encoding="ascii"):
            pass
        lodge.end()
    table([("20,000 lines/s of b", "lines/s kept"),
           ("while all is well", f"{rates[0]:,.0f}"),
           ("while the file of a hangs", f"{rates[1]:,.0f}")])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lodge", default=os.path.join(
        ROOT, "build", "release", "lodge"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2,
                        help="that a producer writes (default 2)")
    parser.add_argument("--apps", type=int, default=200,
                        help="in the rows with many apps (default 200)")
    parser.add_argument("--only", default="",
                        help="block,line,many,resume,hang; default: all")
    parser.add_argument("--tools", default="",
                        help="whose name has one of these words; Lodge always")
    parser.add_argument("--quick", action="store_true",
                        help="one short round: does it work at all?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.3
    wanted = options.only.split(",") if options.only else [
        "block", "line", "many", "resume", "hang"]
    install_rivals()

    lodge = rivals.Lodge(options.lodge)
    every = [lodge,
             rivals.Lodge(options.lodge, "lodge unstamped",
                          ["--set", "log.stamp=none"]),
             *rivals.FILTERS, rivals.Supervisord(), rivals.Pm2(),
             rivals.Pm2("pm2 --time", ["--time"])]
    tools = [tool for tool in every if tool.there()]
    missing = [tool.name for tool in every if tool not in tools]
    if options.tools:
        words = options.tools.split(",")
        tools = [tool for tool in tools if tool.name.startswith("lodge")
                 or any(word in tool.name for word in words)]
    print(f"lodge {lodge_version(options.lodge)}, {os.cpu_count()} cores, load "
          f"{os.getloadavg()[0]:.1f}; {options.rounds} rounds of "
          f"{options.seconds:g} s, lines of 100 bytes\n"
          + (f"not here: {', '.join(missing)}\n" if missing else ""))

    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="bench-", dir=os.path.join(ROOT, "build"))
    kept = True
    try:
        limits = ["--seconds", str(options.seconds), "--lines", "30000000"]
        if "block" in wanted:
            kept &= one_writer(tools, scratch, options, "blocks of 64 KiB",
                               limits)
        if "line" in wanted:
            kept &= one_writer(tools, scratch, options, "a write a line",
                               [*limits, "--each", "yes"])
        if "many" in wanted:
            kept &= many_writers(lodge, tools, scratch, options)
        if "resume" in wanted:
            resume(lodge, scratch, options)
        if "hang" in wanted:
            hanging_sink(lodge, scratch, options)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
