#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A USB device that is not consistent about its configuration, on raw-gadget.

    tests/liar.py FOLDER

A request for the head of the configuration's descriptor gets its length; in the
whole of it, the length is 65535. One vendor interface with a bulk endpoint each
way, of which nothing comes and which takes nothing; its one alternate setting is 1.
While FOLDER has a file "alt" it says that setting 0 is selected, and with
"config" that configuration 2 is. SIGUSR2 halts the endpoint that it takes data from,
which stays so whatever the host says, until the next SIGUSR2. After SIGUSR1 it knows
nothing of its endpoints until it is configured again. Runs until it is killed.
"""

import fcntl
import os
import signal
import struct
import sys

ENDPOINTS = (0x81, 0x02)
GET_DESCRIPTOR, GET_CONFIGURATION, SET_CONFIGURATION = 6, 8, 9
GET_INTERFACE, SET_INTERFACE = 10, 11
CONTROL = 2


def number(direction, nr, size):
    """The ioctl of raw-gadget with that number; direction: 1 it is told, 2 it tells."""
    return direction << 30 | size << 16 | ord("U") << 8 | nr


INIT, RUN, FETCH = number(1, 0, 257), number(0, 1, 0), number(2, 2, 8)
EP0_WRITE, EP0_READ = number(1, 3, 8), number(3, 4, 8)
EP_ENABLE, EP_DISABLE, CONFIGURE = number(1, 5, 9), number(1, 6, 4), number(0, 9, 0)
EP0_STALL = number(0, 12, 0)
EP_CLEAR_HALT, EP_SET_WEDGE = number(1, 14, 4), number(1, 15, 4)


def endpoint(address):
    """A bulk endpoint's descriptor."""
    return struct.pack("<BBBBHB", 7, 5, address, 2, 512, 0)


def descriptor(kind, size):
    """What it says of itself; None: nothing."""
    if kind == 1:
        return struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, 64,
                           0x0525, 0xa4a0, 0x100, 0, 0, 1, 1)
    if kind == 2:
        rest = struct.pack("<9B", 9, 4, 0, 1, 2, 0xff, 0, 0, 0)
        rest += b"".join(endpoint(address) for address in ENDPOINTS)
        total = 9 + len(rest) if size <= 9 else 0xffff
        return struct.pack("<BBHBBBBB", 9, 2, total, 1, 1, 0, 0x80, 50) + rest
    return None


def string(index):
    """Its languages, and its serial number."""
    text = struct.pack("<H", 0x409) if not index else "liar".encode("utf-16-le")
    return bytes((2 + len(text), 3)) + text


class Device:
    """The device."""

    def __init__(self):
        self.fd = os.open("/dev/raw-gadget", os.O_RDWR)
        self.enabled = []
        self.wedged = False
        signal.signal(signal.SIGUSR1, self.forget)
        signal.signal(signal.SIGUSR2, self.wedge)
        fcntl.ioctl(self.fd, INIT, struct.pack("128s128sB", b"dummy_udc", b"dummy_udc.0", 3))
        fcntl.ioctl(self.fd, RUN)

    def configure(self):
        """Its endpoints, which stay enabled over resets."""
        if not self.enabled:
            self.enabled = [fcntl.ioctl(self.fd, EP_ENABLE, bytearray(endpoint(address) + b"\0\0"))
                            for address in ENDPOINTS]
        fcntl.ioctl(self.fd, CONFIGURE)

    def forget(self, *_):
        """No endpoint any more."""
        for handle in self.enabled:
            fcntl.ioctl(self.fd, EP_DISABLE, handle)
        self.enabled = []

    def wedge(self, *_):
        """Its sink is halted for good, or no more."""
        fcntl.ioctl(self.fd, EP_CLEAR_HALT if self.wedged else EP_SET_WEDGE, self.enabled[1])
        self.wedged = not self.wedged
        print("wedged" if self.wedged else "not wedged", flush=True)

    def answer(self, request, value):
        """What is sent in answer; None: it refuses."""
        if request == GET_DESCRIPTOR and value[0] >> 8 == 3:
            return string(value[0] & 0xff)
        if request == GET_DESCRIPTOR:
            return descriptor(value[0] >> 8, value[2])
        if request == GET_CONFIGURATION:
            return b"\2" if os.path.exists(f"{sys.argv[1]}/config") else b"\1"
        if request == GET_INTERFACE:
            return b"\0" if os.path.exists(f"{sys.argv[1]}/alt") else b"\1"
        return None

    def control(self, kind, request, *value):
        """A control transfer."""
        if kind & 0x80:
            data = self.answer(request, value)
            if data is not None:
                data = data[:value[2]]
                fcntl.ioctl(self.fd, EP0_WRITE,
                            bytearray(struct.pack("<HHI", 0, 0, len(data)) + data))
                return
        elif request in (SET_CONFIGURATION, SET_INTERFACE):
            if request == SET_CONFIGURATION and value[0]:
                self.configure()
            fcntl.ioctl(self.fd, EP0_READ, bytearray(struct.pack("<HHI", 0, 0, 0)))
            return
        fcntl.ioctl(self.fd, EP0_STALL)

    def run(self):
        """All that the host asks."""
        while True:
            event = bytearray(struct.pack("<II", 0, 8) + bytes(8))
            try:
                fcntl.ioctl(self.fd, FETCH, event)
            except InterruptedError:
                continue
            if struct.unpack_from("<I", event)[0] != CONTROL:
                continue
            try:
                self.control(*struct.unpack_from("<BBHHH", event, 8))
            except OSError as error:
                print("control:", error, event[8:].hex(), flush=True)  # the host gave it up


Device().run()
