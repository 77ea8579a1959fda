#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Datagrams that are not read, to run out of memory.

    tests/hoard.py keep ADDRESS NUMBER    after so many have come and gone, keep what comes
    tests/hoard.py send ADDRESS           send some, until the end
"""

import socket
import sys
import time

PORT = 9999
SO_RCVBUFFORCE = 33


def keep(address, number):
    """A socket with room for all, of which so many have made heads known to be free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        sock.bind((address, PORT))
        for _ in range(number):
            sock.sendto(b"", (address, PORT))
        for _ in range(number):
            sock.recv(1)
        print("ready", flush=True)
        time.sleep(100000)


def send(address):
    """As large as fits into a frame; what finds no room on the way is lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while True:
            try:
                sock.sendto(bytes(1400), (address, PORT))
            except OSError:
                pass
            time.sleep(0.005)


if sys.argv[1] == "keep":
    keep(sys.argv[2], int(sys.argv[3]))
else:
    send(sys.argv[2])
