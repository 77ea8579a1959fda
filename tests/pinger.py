#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""How long does it take until packets come back?

    tests/pinger.py serve ADDRESS                    echo what comes, until killed
    tests/pinger.py fault ADDRESS SECONDS COMMAND    in milliseconds, or "never"
    tests/pinger.py outage ADDRESS SECONDS COMMAND   the same

"fault" sends a small UDP packet every 50 ms, has the shell run COMMAND, and prints
the time from then to the first answer to one that was sent afterwards, of three in
a row. "outage" goes on for SECONDS in any case, and prints when they were back for
good: the time to the first answer behind the last packet that was not answered
within 500 ms. It is 0 if all were.
"""

import socket
import struct
import subprocess
import sys
import time

PORT = 4711


def serve(address):
    """Send everything back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, PORT))
        print("listening", flush=True)
        while True:
            data, peer = sock.recvfrom(2048)
            sock.sendto(data, peer)


class Pinger:
    """Sends, and remembers when what was answered."""

    def __init__(self, address):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect((address, PORT))
        self.sequence = 0
        self.sent, self.answered = {}, {}

    def turn(self):
        """Send one, and take what comes for 50 ms."""
        now = time.monotonic()
        self.sent[self.sequence] = now
        try:
            self.sock.send(struct.pack("<I", self.sequence))
        except OSError:
            pass  # no room, or no way; that is what is measured
        self.sequence += 1
        while (left := now + 0.05 - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                number = struct.unpack("<I", self.sock.recv(2048))[0]
                self.answered.setdefault(number, time.monotonic())
            except TimeoutError:
                break
            except OSError:
                time.sleep(0.01)

    def back(self, since):
        """When did the first of three answers in a row to what was sent since come?"""
        for number in range(self.sequence - 2):
            if self.sent[number] > since and all(n in self.answered
                                                 for n in range(number, number + 3)):
                return self.answered[number]
        return None


def broken(address, command):
    """A pinger that was answered until now, when it breaks."""
    pinger = Pinger(address)
    while pinger.back(0) is None:
        pinger.turn()
        if pinger.sequence > 400:
            sys.exit("no answer before the fault")
    subprocess.run(command, shell=True, check=True)
    return pinger, time.monotonic()


def fault(address, seconds, command):
    """Break it, and wait for answers."""
    pinger, start = broken(address, command)
    while pinger.back(start) is None:
        if time.monotonic() - start > seconds:
            return "never"
        pinger.turn()
    return f"{(pinger.back(start) - start) * 1000:.0f}"


def outage(address, seconds, command):
    """Break it, and see what is lost."""
    pinger, start = broken(address, command)
    while time.monotonic() - start < seconds:
        pinger.turn()
    # What was sent last may be under way still
    end = pinger.sent[pinger.sequence - 1] - 0.5
    sent = [n for n in range(pinger.sequence) if start < pinger.sent[n] < end]
    lost = [n for n in sent if pinger.answered.get(n, end + 1) - pinger.sent[n] > 0.5]
    if not lost:
        return "0"
    if pinger.sent[lost[-1]] > end - 1:
        return "never"
    return f"{(pinger.answered[lost[-1] + 1] - start) * 1000:.0f}"


if sys.argv[1] == "serve":
    serve(sys.argv[2])
elif sys.argv[1] == "fault":
    print(fault(sys.argv[2], float(sys.argv[3]), sys.argv[4]))
else:
    print(outage(sys.argv[2], float(sys.argv[3]), sys.argv[4]))
