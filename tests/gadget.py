#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A USB device that goes wrong when it is told to, on FunctionFS.

    tests/gadget.py FUNCTIONFS FIFO [BLOCK]

A source and a sink: from one endpoint come 32-bit numbers, counted up from 0, in
transfers of BLOCK bytes (512); the other expects the same, and takes them by
BLOCK. One packet is a transfer, so what the host was told to be transferred has
come here, and the other way round. Both go on where they stopped, whatever
happened in between.

Commands are lines read from FIFO:

    mute WHEN       transfer nothing until WHEN
    stall in|out WHEN
                    halt that endpoint; unless "once", again and again until WHEN
    babble N WHEN   send N bytes at a time until WHEN

WHEN is a number of seconds, "once", "reset" (the host has reset the device),
"power" (it has turned the port's power off), or "told" (another command says so,
such as "mute 0"). FIFO also takes

    pace MS         wait so long before each transfer from now on
    size N          send N bytes at a time from now on
    block N         take N bytes at a time from now on; where that is no multiple of
                    512, a transfer of the host ends when so many have come
    count FILE      write "sent=N received=N wrong=N enabled=N" to that file
"""

import ctypes
import errno
import os
import struct
import sys
import threading
import time

UDC_STATE = "/sys/class/udc/%s/state"
DISABLE, ENABLE = 3, 2
libc = ctypes.CDLL(None, use_errno=True)


def descriptors():
    """One vendor interface with a bulk endpoint each way, full and high speed."""
    def speed(packet):
        return (struct.pack("<9B", 9, 4, 0, 0, 2, 0xff, 0, 0, 1)
                + struct.pack("<BBBBHB", 7, 5, 0x81, 2, packet, 0)
                + struct.pack("<BBBBHB", 7, 5, 0x02, 2, packet, 0))
    body = struct.pack("<II", 3, 3) + speed(64) + speed(512)
    return struct.pack("<III", 3, 12 + len(body), 3) + body


def strings():
    """The name of the interface."""
    body = struct.pack("<H", 0x409) + b"numbers\0"
    return struct.pack("<IIII", 2, 16 + len(body), 1, 1) + body


def pattern(offset, size):
    """The bytes that are due at that offset."""
    first = offset // 4
    words = range(first, (offset + size + 3) // 4)
    data = struct.pack(f"<{len(words)}I", *words)
    return data[offset - 4 * first:][:size]


class Gadget:
    """The device, and what is wrong with it."""

    def __init__(self, folder, block):
        self.folder, self.block = folder, block
        self.ep0 = os.open(f"{folder}/ep0", os.O_RDWR)
        os.write(self.ep0, descriptors())
        os.write(self.ep0, strings())
        self.changed = threading.Condition()
        self.fault = self.until = None
        self.size = self.normal = block
        self.halt = None
        self.pace = 0
        self.deadline = 0
        self.sent = self.received = self.wrong = self.enabled = 0

    def command(self, line):
        """One line from the FIFO."""
        words = line.split()
        with self.changed:
            if words[0] == "count":
                state = words[1]
                with open(state + ".new", "w", encoding="ascii") as file:
                    file.write(f"sent={self.sent} received={self.received} "
                               f"wrong={self.wrong} enabled={self.enabled}\n")
                os.rename(state + ".new", state)
                return
            if words[0] == "pace":
                self.pace = int(words[1]) / 1000
                return
            if words[0] == "size":
                self.size = self.normal = int(words[1])
                return
            if words[0] == "block":
                self.block = int(words[1])
                return
            self.fault, self.until = words[0], words[-1]
            if self.fault == "babble":
                self.size = int(words[1])
            elif self.fault == "stall":
                self.halt = words[1]
            if self.until[0].isdigit():
                self.deadline = time.monotonic() + float(self.until)
            self.changed.notify_all()

    def cured(self):
        """Call with the lock held."""
        self.fault = None
        self.size = self.normal
        self.changed.notify_all()

    def events(self):
        """What the host does."""
        while True:
            data = os.read(self.ep0, 12 * 8)
            for at in range(0, len(data), 12):
                kind = data[at + 8]
                with self.changed:
                    if kind == ENABLE:
                        self.enabled += 1
                    # The second displaces the first where that was not read yet
                    if kind == DISABLE and self.fault:
                        self.disabled()
                    elif kind == ENABLE and self.fault and self.until == "reset":
                        self.cured()

    def disabled(self):
        """The device was reset, or lost its power; a reset starts it anew at once."""
        if self.until == "reset":
            self.cured()
        elif self.until == "power":
            time.sleep(0.01)
            udc = os.listdir("/sys/class/udc")[0]
            with open(UDC_STATE % udc, encoding="ascii") as file:
                if file.read().strip() == "configured":
                    self.cured()

    def behave(self, path, name):
        """Do what is wrong before the next transfer, if anything is."""
        time.sleep(self.pace)
        with self.changed:
            while self.fault == "mute":
                left = None
                if self.until[0].isdigit():
                    left = self.deadline - time.monotonic()
                    if left <= 0:
                        self.cured()
                        break
                self.changed.wait(left)
            if self.fault != "stall" or self.halt != name:
                return
            if self.until == "once":
                self.cured()
        # What goes the wrong way halts the endpoint. If a reset came in between, it does
        # not wait for the end of that to halt it after all
        try:
            fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            return
        buffer = ctypes.create_string_buffer(1)
        if name == "in":
            libc.read(fd, buffer, 1)
        else:
            libc.write(fd, buffer, 1)
        error = ctypes.get_errno()
        os.close(fd)
        if error not in (errno.EBADMSG, errno.EAGAIN):
            print("not halted:", name, error, flush=True)

    def source(self):
        """The endpoint that data comes from."""
        path = f"{self.folder}/ep1"
        fd = os.open(path, os.O_RDWR)
        while True:
            self.behave(path, "in")
            with self.changed:
                size = self.size
                if self.fault == "babble" and self.until == "once":
                    self.cured()
            try:
                done = os.write(fd, pattern(self.sent, size))
            except OSError as error:
                if error.errno not in (errno.ESHUTDOWN, errno.ECONNRESET, errno.ENODEV):
                    print("source:", error, flush=True)
                time.sleep(0.001)
                continue
            self.sent += done

    def sink(self):
        """The endpoint that data goes to."""
        path = f"{self.folder}/ep2"
        fd = os.open(path, os.O_RDWR)
        while True:
            self.behave(path, "out")
            block = self.block
            try:
                data = os.read(fd, block)
            except OSError as error:
                # The host had more; what came of it FunctionFS keeps to itself
                if error.errno == errno.EOVERFLOW:
                    self.received += block
                    continue
                if error.errno not in (errno.ESHUTDOWN, errno.ECONNRESET, errno.ENODEV):
                    print("sink:", error, flush=True)
                time.sleep(0.001)
                continue
            if data != pattern(self.received, len(data)):
                self.wrong += 1
                print("wrong at", self.received, len(data), data[:8].hex(), flush=True)
            self.received += len(data)


def main():
    """Run until killed."""
    folder, fifo = sys.argv[1:3]
    gadget = Gadget(folder, int(sys.argv[3]) if len(sys.argv) > 3 else 512)
    os.mkfifo(fifo)
    for loop in gadget.events, gadget.source, gadget.sink:
        threading.Thread(target=loop, daemon=True).start()
    print("ready", flush=True)
    # Open for writing too, it has no end, and nothing is lost between two writers
    with os.fdopen(os.open(fifo, os.O_RDWR), encoding="ascii") as lines:
        while True:
            gadget.command(lines.readline())


main()
