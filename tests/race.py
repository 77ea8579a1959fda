#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write to files of sysfs from several threads at once, over and over.

    tests/race.py SECONDS ITERATIONS RACER...

A RACER is NAME:ALLOWED:STEP[+STEP...]. A STEP is VALUE>FILE, mkdir>FOLDER,
rmdir>FOLDER, or a number of milliseconds to rest, at most: a lock that is never
dropped leaves nothing to race for. The steps of a racer follow each other, its rounds too, and all racers run
at once. A step may fail with one of the comma separated errors in ALLOWED; a
round counts when all its steps succeeded. The race is over when every racer has
run ITERATIONS such rounds, or on SIGTERM. Prints what each saw. Fails when an
error was not allowed, when a racer never succeeded, or after SECONDS.
"""

import collections
import errno
import os
import random
import signal
import sys
import threading
import time


def name_of(error):
    """The name that the kernel has for it."""
    return "EOPNOTSUPP" if error.errno == errno.EOPNOTSUPP else errno.errorcode[error.errno]


class Racer(threading.Thread):
    """One thread, and what its writes ended with."""

    def __init__(self, spec, rounds, halt):
        super().__init__(daemon=True)
        self.title, allowed, steps = spec.split(":", 2)
        self.allowed = set(filter(None, allowed.split(",")))
        self.steps = [step.partition(">")[::2] for step in steps.split("+")]
        self.rounds, self.halt = rounds, halt
        self.seen = collections.Counter()
        self.wrong = None
        self.done = 0

    def write(self, value, path):
        """One step: the name of its error, or "ok"."""
        try:
            if value in ("mkdir", "rmdir"):
                getattr(os, value)(path)
                return "ok"
            file = os.open(path, os.O_WRONLY)
        except OSError as error:
            return name_of(error)
        try:
            os.write(file, value.encode())
            return "ok"
        except OSError as error:
            return name_of(error)
        finally:
            os.close(file)

    def run(self):
        while not self.halt.is_set() and not self.wrong:
            good = True
            for value, path in self.steps:
                if not path:
                    time.sleep(random.random() * int(value) / 1000)
                    continue
                result = self.write(value, path)
                self.seen[result] += 1
                good = good and result == "ok"
                if result != "ok" and result not in self.allowed:
                    self.wrong = f"{value}>{path}: {result}"
                if result == "ENOENT":
                    time.sleep(0.01)  # it will be back; yield the processor until then
            self.done += good


def main():
    """Run the race that the arguments describe."""
    limit, rounds = float(sys.argv[1]), int(sys.argv[2])
    halt, enough = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: enough.set())
    racers = [Racer(spec, rounds, halt) for spec in sys.argv[3:]]
    start = time.monotonic()
    for racer in racers:
        racer.start()
    while time.monotonic() - start < limit:
        if enough.wait(0.05):
            break
        if any(r.wrong for r in racers) or all(r.done >= rounds for r in racers):
            break
    halt.set()
    bad = 0
    for racer in racers:
        racer.join(60)
        verdict = racer.wrong or ""
        if racer.is_alive():
            verdict = "stuck"
        elif not verdict and racer.done < rounds and not enough.is_set():
            verdict = f"only {racer.done} rounds"
        elif not verdict and not racer.done:
            verdict = "never succeeded"
        bad += bool(verdict)
        print(f"{racer.title}: {racer.done} rounds, {dict(racer.seen)} {verdict}", flush=True)
    print(f"{time.monotonic() - start:.1f} s")
    sys.exit(bad != 0)


main()
