#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Bring a network interface up, or change its rings, with one allocation after the other failing.

    tests/nth.py up|rings INTERFACE

The first allocation that the kernel makes for it fails, then the second, and so on,
until so many are not made. Prints how many failed it. What failed must say ENOMEM, and
leave all as it was.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
import threading

SIOCSIFFLAGS, SIOCGIFFLAGS, SIOCETHTOOL = 0x8914, 0x8913, 0x8946
GRINGPARAM, SRINGPARAM = 0x10, 0x11
IFF_UP = 1


class Interface:
    """What is asked of it."""

    def __init__(self, name):
        self.name = name.encode()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def call(self, what, request):
        """One ioctl; what it left in the request."""
        request = bytearray(request)
        fcntl.ioctl(self.sock, what, request)
        return bytes(request)

    def flags(self):
        """IFF_*"""
        return struct.unpack_from("H", self.call(SIOCGIFFLAGS, self.name.ljust(40, b"\0")), 16)[0]

    def set_flags(self, flags):
        """A function that does that."""
        request = struct.pack("16sH22x", self.name, flags)
        return lambda: self.call(SIOCSIFFLAGS, request)

    def ethtool(self, command, rx=0, tx=0):
        """A function that reads or writes the sizes of the rings, and returns them."""
        ring = ctypes.create_string_buffer(struct.pack("9I", command, 0, 0, 0, 0, rx, 0, 0, tx))
        request = struct.pack("16sQ16x", self.name, ctypes.addressof(ring))

        def ask():
            self.call(SIOCETHTOOL, request)
            numbers = struct.unpack_from("9I", ring.raw)
            return numbers[5], numbers[8]
        return ask


def fails(nth, action):
    """Has the nth allocation of action() failed it? None: it makes fewer."""
    path = f"/proc/self/task/{threading.get_native_id()}/fail-nth"
    file = os.open(path, os.O_RDWR)
    number, error = str(nth).encode(), None
    os.write(file, number)
    try:
        action()
    except OSError as wrong:
        error = wrong
    left = int(os.read(file, 16))
    os.write(file, b"0")
    os.close(file)
    if left and not error:
        return None
    if error and (left or error.errno != errno.ENOMEM):
        raise error
    return bool(error)


def main():
    """Do what the arguments say."""
    interface = Interface(sys.argv[2])
    if sys.argv[1] == "up":
        flags = interface.flags()
        do, undo = interface.set_flags(flags | IFF_UP), interface.set_flags(flags & ~IFF_UP)
        state = lambda: interface.flags() & IFF_UP
    else:
        state = interface.ethtool(GRINGPARAM)
        rx, tx = state()
        do, undo = interface.ethtool(SRINGPARAM, 88, 88), interface.ethtool(SRINGPARAM, rx, tx)
    before, failed = state(), 0
    for nth in range(1, 10000):
        result = fails(nth, do)
        if result is None:
            break
        failed += result
        assert not result or state() == before, f"{nth}: {state()} after a failure"
        if not result:
            undo()
            assert state() == before
    assert state() != before
    print(failed)


main()
