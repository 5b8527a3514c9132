"""What capture.py measures: each logger as a thing that takes the lines of one
producer, and leaves files, seconds, CPU and memory behind.

A filter reads the producer's pipe and ends with it. A supervisor starts the
producer itself; it has taken all when its file has stopped growing. Every run
has a directory of its own, which is gone afterwards.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

from cli import PM2, ROOT, Side

LINES = os.path.join(ROOT, "build", "release", "bench", "bench_lines")
TICK = os.sysconf("SC_CLK_TCK")
DEVNULL = subprocess.DEVNULL


def cpu_seconds(pids):
    """User and system time of processes so far; of what has ended, none."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return total / TICK


def memory_mib(pids, key="VmHWM"):
    """The most (VmRSS: what now) that each had resident, together."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                found = re.search(rf"{key}:\s+(\d+)", file.read())
            total += int(found.group(1)) if found else 0
        except OSError:
            continue
    return total / 1024


def wait_for(condition, what, seconds=120, pause=0.002):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: waited in vain for {what}")
        time.sleep(pause)


def total_size(paths):
    return sum(os.path.getsize(path) for path in paths if os.path.exists(path))


def check(files, lines=None):
    words = [LINES, "check"]
    if lines is not None:
        words += ["--lines", str(lines)]
    done = subprocess.run([*words, *files], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


class Run:
    """One measurement."""

    def __init__(self, report, end_ns, cpu, memory, files):
        self.bytes = report["bytes"]
        self.lines = report["lines"]
        self.seconds = (end_ns - report["begin_ns"]) / 1e9
        self.cpu = cpu
        self.memory = memory
        found = check(files, report["lines"])
        self.bad = {key: found[key] for key in ("lost", "doubled", "damaged")}

    mb_per_s = property(lambda self: self.bytes / 1e6 / self.seconds)
    lines_per_s = property(lambda self: self.lines / self.seconds)
    cpu_per_gb = property(lambda self: self.cpu / (self.bytes / 1e9))


def producer(words, report):
    return [LINES, "write", *words, "--report", report]


def read_report(path):
    with open(path, encoding="ascii") as file:
        return json.load(file)


class Filter:
    def __init__(self, name, argv, files, needs=None, setup=None):
        self.name = name
        self.argv = argv      # of the log directory
        self.files = files    # of it, in order, when all is done
        self.needs = needs or argv("/")[0]
        self.setup = setup

    def there(self):
        return shutil.which(self.needs) is not None

    def begin(self, scratch):
        self.scratch = scratch
        os.mkdir(scratch)

    def end(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self, logs, **streams):
        os.mkdir(logs)
        if self.setup:
            self.setup(logs)
        if self.files is out:  # it writes to its stdout
            with open(f"{logs}/out", "wb") as file:
                return subprocess.Popen(self.argv(logs), stdout=file, **streams)
        return subprocess.Popen(self.argv(logs), stdout=DEVNULL, **streams)

    def run(self, words):
        logs = os.path.join(self.scratch, "logs")
        report = os.path.join(self.scratch, "report")
        read, write = os.pipe()
        child = self.start(logs, stdin=read, stderr=DEVNULL)
        memory = [0.0]

        def watch():  # what has ended has no memory to be asked for
            while child.returncode is None:
                memory[0] = max(memory[0], memory_mib([child.pid]))
                time.sleep(0.02)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        os.close(read)
        with os.fdopen(write, "wb") as pipe:
            subprocess.run(producer(words, report), stdout=pipe, check=True)
        _, _, usage = os.wait4(child.pid, 0)
        end_ns = time.monotonic_ns()
        child.returncode = 0
        watcher.join()
        result = Run(read_report(report), end_ns,
                     usage.ru_utime + usage.ru_stime, memory[0],
                     self.files(logs))
        shutil.rmtree(logs)
        return result


class Supervisor:
    """What starts the producer as an app of its own."""

    needs = None

    def history(self, app, instance=0):
        """Its files, in the order of its lines."""
        return [self.file_of(app, instance)]

    def there(self):
        return shutil.which(self.needs) is not None

    def run(self, words):
        self.count = getattr(self, "count", 0) + 1
        app = f"run{self.count}"
        report = os.path.join(self.scratch, app)
        cpu = cpu_seconds(self.pids())
        self.start_app(app, producer(words, report))
        wait_for(lambda: os.path.exists(report), f"{self.name}'s app", 600)
        size, grown, end_ns = -1, time.monotonic(), 0
        while time.monotonic() - grown < 0.5:
            now = total_size(self.history(app))
            if now != size:
                size, grown, end_ns = now, time.monotonic(), time.monotonic_ns()
            time.sleep(0.002)
        result = Run(read_report(report), end_ns,
                     cpu_seconds(self.pids()) - cpu, memory_mib(self.pids()),
                     self.history(app))
        left = [*self.history(app), report]
        self.remove_app(app)
        for name in left:
            if os.path.exists(name):
                os.unlink(name)
        return result


class Lodge(Supervisor):
    def __init__(self, program, name="lodge", flags=()):
        self.program, self.name, self.flags = program, name, list(flags)

    def there(self):
        if not self.flags:
            return True
        shown = subprocess.run([self.program, "start", "--help"], check=False,
                               stdin=DEVNULL, stdout=subprocess.PIPE)
        return self.flags[0].encode() in shown.stdout

    def begin(self, scratch, env=None):
        os.mkdir(scratch)
        self.scratch = scratch
        self.side = Side("lodge", self.program, "LODGE_HOME",
                         os.path.join(scratch, "home"))
        self.side.env.update(env or {})
        # What is measured is capture: nothing is compressed or deleted.
        self.side.call("set", "logs.cap", "1000G")
        self.side.call("set", "logs.keep_free", "0")
        self.side.call("start", "sleep 1", "--name", "first", "--no-wait",
                       "--no-autorestart")

    def end(self):
        self.side.end()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def ping(self):
        return json.loads(self.side.call("ping", "--json"))

    def pids(self):
        ping = self.ping()
        return [ping["daemon"], ping["keeper"]]

    def file_of(self, app, instance=0):
        raw = ".raw" if "log.stamp=none" in self.flags else ""
        number = f"-{instance}" if instance else ""
        return os.path.join(self.side.home, "logs",
                            f"{app}-out{number}{raw}.log")

    def history(self, app, instance=0):
        number = f"-{instance}" if instance else ""
        sealed = glob.glob(os.path.join(self.side.home, "logs", "archive", app,
                                        f"out{number}.[0-9]*.log"))
        return [*sorted(sealed), self.file_of(app, instance)]

    def start_app(self, app, argv, instances=1):
        once = ["--no-autorestart"] if instances == 1 else []
        self.side.call("start", argv[0], "--name", app, "--no-wait", "-i",
                       str(instances), *once, *self.flags,
                       "--set", "log.compress=false", "--", *argv[1:])

    def remove_app(self, app):
        self.side.call("delete", app, "--logs")


class Pm2(Supervisor):
    def __init__(self, name="pm2", flags=()):
        self.name, self.flags = name, list(flags)

    def there(self):
        return os.path.exists(PM2)

    def begin(self, scratch):
        os.mkdir(scratch)
        self.scratch = scratch
        self.side = Side("pm2", PM2, "PM2_HOME", os.path.join(scratch, "home"))
        self.side.call("ping")

    end = Lodge.end

    def pids(self):
        with open(os.path.join(self.side.home, "pm2.pid"),
                  encoding="ascii") as file:
            return [int(file.read())]

    def file_of(self, app, instance=0):
        return os.path.join(self.scratch, f"{app}-{instance}.log")

    def start_app(self, app, argv, instances=1):
        config = os.path.join(self.scratch, "apps.json")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"apps": [
                {"name": f"{app}-{number}", "script": argv[0],
                 "args": argv[1:], "interpreter": "none",
                 "autorestart": False, "time": "--time" in self.flags,
                 "out_file": self.file_of(app, number),
                 "error_file": "/dev/null"}
                for number in range(instances)]}, file)
        self.side.call("start", config)

    def remove_app(self, app):
        self.side.call("delete", f"/^{app}-/")


class Supervisord(Supervisor):
    name = needs = "supervisord"

    def begin(self, scratch):
        os.mkdir(scratch)
        self.scratch = scratch
        self.child = None

    def pids(self):
        return [self.child.pid] if self.child else []

    def file_of(self, app, instance=0):
        return os.path.join(self.scratch, f"{app}.log")

    def start_app(self, app, argv):
        config = os.path.join(self.scratch, "supervisord.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                f"[supervisord]\nlogfile={self.scratch}/log\n"
                f"pidfile={self.scratch}/pid\n[program:{app}]\n"
                f"command={' '.join(argv)}\nautorestart=false\n"
                f"stdout_logfile={self.file_of(app)}\n"
                "stdout_logfile_maxbytes=0\nstartsecs=0\n")
        self.child = subprocess.Popen(
            ["supervisord", "-n", "-c", config], stdin=DEVNULL,
            stdout=DEVNULL, stderr=DEVNULL, cwd=self.scratch)

    def remove_app(self, _app):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait()
        self.child = None

    def end(self):
        if self.child:
            self.remove_app("")
        shutil.rmtree(self.scratch, ignore_errors=True)


def in_order(directory):
    """The files of s6-log, svlogd and multilog: rotated ones are named by
    their time."""
    old = sorted(name for name in os.listdir(directory) if name[0] in "@_")
    return [os.path.join(directory, name) for name in [*old, "current"]]


def svlogd_config(logs):
    with open(os.path.join(logs, "config"), "w", encoding="ascii") as file:
        file.write("s0\nn0\n")


def out(logs):
    return [f"{logs}/out"]


FILTERS = [
    Filter("cat > file", lambda logs: ["cat"], out),
    Filter("s6-log T", lambda logs: ["s6-log", "n10000", "s268435455", "T",
                                     logs], in_order),
    Filter("svlogd -tt", lambda logs: ["svlogd", "-tt", logs], in_order,
           setup=svlogd_config),
    Filter("multilog t", lambda logs: ["multilog", "t", "n10000", "s16777215",
                                       logs], in_order),
    Filter("rotatelogs", lambda logs: ["rotatelogs", f"{logs}/log", "86400"],
           lambda logs: sorted(f"{logs}/{name}" for name in os.listdir(logs))),
    Filter("ts", lambda logs: ["ts"], out),
]
