#!/usr/bin/env python3
"""What keeping apps alive costs: the way back after kill -9, 500 apps started by
one request, `lodge list` with all of them, memory and CPU while they idle;
against PM2.

Both sides run on the same machine in the same minutes, in homes of their own
that are gone afterwards. The way back is from kill(2) until the supervisor has
another child, as /proc tells; restart_delay is 0 on both sides. Exit 1 when a
bound is missed.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import struct
import sys
import tempfile
import time

from cli import (PM2, ROOT, Side, install_rivals, lodge_version, memory_kib,
                 online, pids_of, pm2_version, start_lodge, table)
from rivals import cpu_seconds

SLEEP = shutil.which("sleep")


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return {int(word) for word in file.read().split()}
    except OSError:
        return set()


def come_back_ms(supervisor, app):
    """Kills the app; until its supervisor has a child that is another."""
    before = children(supervisor)
    began = time.perf_counter()
    os.kill(app, signal.SIGKILL)
    while True:
        fresh = children(supervisor) - before
        took = time.perf_counter() - began
        if fresh:
            return took * 1000
        if took > 30:
            raise SystemExit("bench: an app did not come back")


def pids_by_name(side):
    text = side.call("jlist")
    return {app["name"]: app["pid"] for app in
            json.loads(text[text.index("["):])}


def come_back(side, supervisor):
    """Of every app once: a second time lodge would wait (exponentially)."""
    time.sleep(1.5)
    times = []
    for pid in pids_by_name(side).values():
        times.append(come_back_ms(supervisor, pid))
        time.sleep(0.1)
    return times


def ask(home, request):
    """One request to Lodge's daemon, as src/control/PROTOCOL.md says."""
    payload = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(os.path.join(home, "lodge.sock"))
        control.sendall(b"LG\x01\x00" + struct.pack("<I", len(payload)) +
                        payload)
        data = b""
        while part := control.recv(1 << 20):
            data += part
    return json.loads(data[8:])


def start_many(lodge, first, last, wait=True):
    env = {key: value for key, value in os.environ.items()
           if not key.startswith("LODGE_")}
    env.update({f"SETTING_{number}": "x" * 40 for number in range(20)})
    began = time.perf_counter()
    reply = ask(lodge.home, {
        "request": "start", "wait": wait, "caller": {"command": "bench"},
        "definitions": [json.dumps(
            {"name": f"m{number}", "script": SLEEP, "args": ["100000"],
             "interpreter": "none", "cwd": "/", "env": env})
            for number in range(first, last)]})
    took = time.perf_counter() - began
    failed = [row for row in reply.get("outcomes", [{"failed": reply}])
              if row["failed"]]
    if failed:
        raise SystemExit(f"bench: start: {failed[0]}")
    return took


def start_many_pm2(pm2, count):
    config = os.path.join(pm2.home, "many.json")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"apps": [{"name": f"m{number}", "script": SLEEP,
                             "args": "100000", "interpreter": "none"}
                            for number in range(count)]}, file)
    began = time.perf_counter()
    pm2.call("start", config)
    return time.perf_counter() - began


def idle_percent(pids, seconds):
    before = cpu_seconds(pids)
    time.sleep(seconds)
    return 100 * (cpu_seconds(pids) - before) / seconds


def median_ms(side, command, runs):
    side.time(command)
    return statistics.median(side.time(command) for _ in range(runs))


class Rows:
    def __init__(self):
        self.rows = []
        self.met = True

    def add(self, what, ours, theirs="", ratio="", wanted="", good=None):
        self.met = self.met and good is not False
        verdict = {True: "met", False: "MISSED", None: ""}[good]
        self.rows.append((what, ours, theirs, ratio, wanted, verdict))


def measure_kills(rows, lodge, pm2, options):
    start_lodge(lodge, 0, 1)
    start_many(lodge, 0, options.kills)
    lodge.call("delete", "a0")
    ping = json.loads(lodge.call("ping", "--json"))
    ours = come_back(lodge, ping["keeper"])
    mine = statistics.median(ours)
    text, ratio, good = "", "", mine <= 10
    if pm2:
        start_many_pm2(pm2, options.kills)
        online(pm2, options.kills)
        _, [daemon] = pids_of(lodge, pm2)
        theirs = statistics.median(come_back(pm2, daemon))
        pm2.call("delete", "all")
        text, ratio = f"{theirs:.2f} ms", f"{theirs / mine:.1f} x"
        good = good and mine <= theirs
    rows.add(f"back after kill -9, median of {options.kills}",
             f"{mine:.2f} ms", text, ratio, "10 ms", good)
    rows.add("  slowest", f"{max(ours):.2f} ms")
    lodge.call("delete", "all")


def measure_many(rows, lodge, pm2, options):
    start_many(lodge, 0, 200)
    time.sleep(3)
    ping = json.loads(lodge.call("ping", "--json"))
    ours = [ping["daemon"], ping["keeper"]]
    rows.add("idle CPU, 200 apps, of a core",
             f"{idle_percent(ours, options.idle):.2f} %")
    lodge.call("delete", "all")
    took = start_many(lodge, 0, options.apps)
    text = ""
    if pm2:
        theirs = start_many_pm2(pm2, options.pm2_apps)
        text = f"{theirs:.1f} s ({options.pm2_apps})"
    rows.add(f"start of {options.apps} apps, until each lived 1 s",
             f"{took:.2f} s", text, "", "5 s", took <= 5)
    mine = median_ms(lodge, "list", options.runs)
    if pm2:
        theirs = median_ms(pm2, "list", max(options.runs // 5, 3))
    rows.add(f"list, {options.apps} apps", f"{mine:.1f} ms",
             f"{theirs:.0f} ms ({options.pm2_apps})" if pm2 else "", "",
             "20 ms", mine <= 20)
    time.sleep(3)
    rss, pss = memory_kib(ours)
    text = ""
    if pm2:
        _, [daemon] = pids_of(lodge, pm2)
        text = f"{memory_kib([daemon])[0] / 1024:.1f} MiB ({options.pm2_apps})"
    rows.add(f"daemon + keeper, {options.apps} apps", f"{rss / 1024:.1f} MiB",
             text, "", "32 MiB", rss <= 32 * 1024)
    idle = idle_percent(ours, options.idle)
    text = f"{idle_percent([daemon], options.idle):.2f} %" if pm2 else ""
    rows.add(f"idle CPU, {options.apps} apps, of a core", f"{idle:.2f} %",
             text, "", "1 %", idle < 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lodge", default=os.path.join(
        ROOT, "build", "release", "lodge"))
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--apps", type=int, default=500)
    parser.add_argument("--pm2-apps", type=int, default=100,
                        help="it takes long (default 100)")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--idle", type=float, default=20, help="seconds")
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument("--pm2", default=PM2)
    options = parser.parse_args()
    if not options.no_rivals and options.pm2 == PM2:
        install_rivals()

    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="bench-", dir=os.path.join(ROOT, "build"))
    lodge = Side("lodge", options.lodge, "LODGE_HOME",
                 os.path.join(scratch, "lodge"))
    pm2 = None
    if not options.no_rivals:
        pm2 = Side("pm2", options.pm2, "PM2_HOME",
                   os.path.join(scratch, "pm2"))
    rows = Rows()
    try:
        measure_kills(rows, lodge, pm2, options)
        measure_many(rows, lodge, pm2, options)
    finally:
        lodge.end()
        if pm2:
            pm2.end()
        shutil.rmtree(scratch, ignore_errors=True)
    rival = "" if not pm2 or options.pm2 != PM2 else f", pm2 {pm2_version()}"
    print(f"lodge {lodge_version(options.lodge)}{rival}, {os.cpu_count()} "
          f"cores, load {os.getloadavg()[0]:.1f}\n")
    table(rows.rows)
    return 0 if rows.met else 1


if __name__ == "__main__":
    sys.exit(main())
