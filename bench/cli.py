#!/usr/bin/env python3
"""What the command line costs: `lodge list` against `pm2 list`, the memory of
the daemons with idle apps, and the start of the program itself.

Both sides run in the same minutes on the same machine, turn by turn (A B A B),
in homes of their own that are gone afterwards. Times are wall-clock from
posix_spawn to exit; the cost of spawning is on both sides. Medians throughout;
a ratio is the median of the pairs' ratios. Exit 1 when a bound is missed.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RIVALS = os.path.join(ROOT, "bench", "rivals")
PM2 = os.path.join(RIVALS, "node_modules", ".bin", "pm2")
PM2_VERSION = "7"
DEVNULL = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
           (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


def install_rivals():
    if not os.path.exists(PM2):
        npm_install(f"pm2@{PM2_VERSION}")


def npm_install(package):
    """Into bench/rivals, beside what is there."""
    print(f"bench: installing {package} into bench/rivals", file=sys.stderr)
    os.makedirs(RIVALS, exist_ok=True)
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix",
         RIVALS, "--cache", os.path.join(RIVALS, ".npm"), package],
        check=True, stdin=subprocess.DEVNULL)


class Side:
    """One of the two: how to call it, in which home."""

    def __init__(self, name, program, variable, home):
        self.name = name
        self.program = program
        self.variable = variable
        self.home = home
        os.mkdir(home, 0o700)
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(("LODGE_", "PM2_", "pm2_"))}
        self.env[variable] = home

    def call(self, *args):
        done = subprocess.run(
            [self.program, *args], env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"bench: {self.name} {' '.join(args)}: exit "
                             f"{done.returncode}\n{done.stdout.decode()}")
        return done.stdout.decode()

    def time(self, *args):
        return spawn_ms([self.program, *args], self.env)

    def left_over(self):
        """Pids whose environment names our home: daemons and apps."""
        mark = f"{self.variable}={self.home}".encode()
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    if entry.isdigit() and mark in file.read().split(b"\0"):
                        found.append(int(entry))
            except (OSError, ValueError):
                continue
        return [pid for pid in found if pid != os.getpid()]

    def end(self):
        subprocess.run([self.program, "kill"], env=self.env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60, check=False)
        deadline = time.monotonic() + 5
        while self.left_over() and time.monotonic() < deadline:
            time.sleep(0.05)
        left = self.left_over()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        if left:
            print(f"bench: {self.name} left {len(left)} processes behind",
                  file=sys.stderr)


def spawn_ms(argv, env):
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=DEVNULL)
    _, status = os.waitpid(pid, 0)
    took = (time.perf_counter() - start) * 1000
    if status != 0:
        raise SystemExit(f"bench: {' '.join(argv)}: status {status}")
    return took


def in_turns(runs, one, other):
    """Medians of both, and of the pairs' ratios other/one."""
    one(), other()  # what is read from disk for the first time
    pairs = [(one(), other()) for _ in range(runs)]
    return (statistics.median(a for a, _ in pairs),
            statistics.median(b for _, b in pairs),
            statistics.median(b / a for a, b in pairs))


def start_lodge(lodge, first, last):
    for number in range(first, last):
        lodge.call("start", "sleep 100000", "--name", f"a{number}", "--no-wait")


def start_pm2(pm2, first, last):
    config = os.path.join(pm2.home, "apps.json")
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"apps": [
            {"name": f"a{number}", "script": shutil.which("sleep"),
             "args": "100000", "interpreter": "none"}
            for number in range(first, last)]}, file)
    pm2.call("start", config)


def online(side, wanted):
    """Waits until so many apps are online, as `jlist` tells."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = side.call("jlist")
        apps = json.loads(text[text.index("["):])
        states = [app["pm2_env"]["status"] for app in apps]
        if states == ["online"] * wanted:
            return
        time.sleep(0.1)
    raise SystemExit(f"bench: {side.name}: not {wanted} apps online: {states}")


def memory_kib(pids):
    """Resident and proportional size together: Rss counts what processes
    share once for each, Pss once."""
    rss = pss = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Rss:"):
                    rss += int(line.split()[1])
                elif line.startswith("Pss:"):
                    pss += int(line.split()[1])
    return rss, pss


def pids_of(lodge, pm2):
    ping = json.loads(lodge.call("ping", "--json"))
    with open(os.path.join(pm2.home, "pm2.pid"), encoding="ascii") as file:
        return [ping["daemon"], ping["keeper"]], [int(file.read())]


def table(rows, head=("", "lodge", "pm2", "ratio", "wanted", "")):
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        print("  ".join(cell.ljust(widths[i]) if i == 0 else
                        cell.rjust(widths[i]) for i, cell in enumerate(row)
                        ).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lodge", default=os.path.join(
        ROOT, "build", "release", "lodge"))
    parser.add_argument("--runs", type=int, default=30,
                        help="pairs of `list` (default 30)")
    parser.add_argument("--starts", type=int, default=500,
                        help="pairs of `--version` (default 500)")
    options = parser.parse_args()
    install_rivals()

    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    scratch = tempfile.mkdtemp(prefix="bench-", dir=os.path.join(ROOT, "build"))
    lodge = Side("lodge", options.lodge, "LODGE_HOME",
                 os.path.join(scratch, "lodge"))
    pm2 = Side("pm2", PM2, "PM2_HOME", os.path.join(scratch, "pm2"))
    met = True
    rows = []

    def row(what, ours, theirs, ratio, wanted, good):
        nonlocal met
        met = met and good is not False
        verdict = {True: "met", False: "MISSED", None: ""}[good]
        rows.append((what, ours, theirs, ratio, wanted, verdict))

    try:
        start_lodge(lodge, 0, 10)
        start_pm2(pm2, 0, 10)
        online(lodge, 10)
        online(pm2, 10)
        ours, theirs, ratio = in_turns(
            options.runs, lambda: lodge.time("list"), lambda: pm2.time("list"))
        row("list, 10 apps", f"{ours:.2f} ms", f"{theirs:.0f} ms",
            f"{ratio:.0f} x", "30 x", ratio >= 30)
        ours, theirs, ratio = in_turns(
            options.runs // 3 + 1, lambda: lodge.time("jlist"),
            lambda: pm2.time("jlist"))
        row("jlist, 10 apps", f"{ours:.2f} ms", f"{theirs:.0f} ms",
            f"{ratio:.0f} x", "", None)

        start_lodge(lodge, 10, 50)
        start_pm2(pm2, 10, 50)
        online(lodge, 50)
        online(pm2, 50)
        time.sleep(3)  # idle means idle: both are past what starting costs
        our_pids, their_pids = pids_of(lodge, pm2)
        (ours, our_pss), (theirs, their_pss) = map(
            memory_kib, (our_pids, their_pids))
        row("resident memory, 50 idle apps", f"{ours / 1024:.1f} MiB",
            f"{theirs / 1024:.1f} MiB", f"{theirs / ours:.1f} x", "12 MiB",
            ours <= 12 * 1024)
        row("  shared pages counted once", f"{our_pss / 1024:.1f} MiB",
            f"{their_pss / 1024:.1f} MiB", f"{their_pss / our_pss:.1f} x", "",
            None)
    finally:
        lodge.end()
        pm2.end()
        shutil.rmtree(scratch, ignore_errors=True)

    env = dict(os.environ)
    true, version, _ = in_turns(
        options.starts, lambda: spawn_ms(["/bin/true"], env),
        lambda: spawn_ms([options.lodge, "--version"], env))
    over = version - true
    # pm2 --version is left out: it starts a daemon.
    row("--version, above /bin/true", f"{over:.2f} ms", "", "", "2 ms",
        over <= 2)

    print(f"lodge {lodge_version(options.lodge)}, pm2 {pm2_version()}, "
          f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
          f"/bin/true {true:.2f} ms\n")
    table(rows)
    return 0 if met else 1


def lodge_version(program):
    done = subprocess.run([program, "--version"], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return done.stdout.decode().strip().removeprefix("lodge ")


def pm2_version():
    path = os.path.join(RIVALS, "node_modules", "pm2", "package.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)["version"]


if __name__ == "__main__":
    sys.exit(main())
