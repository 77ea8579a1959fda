#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write the kernel's events to a file: tests/uevents.py FILE"""

import socket
import sys

KOBJECT_UEVENT = 15

link = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, KOBJECT_UEVENT)
link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
link.bind((0, 1))
with open(sys.argv[1], "a", encoding="utf-8") as out:
    print("listening\n", file=out, flush=True)
    while True:
        event = link.recv(1 << 16).decode("utf-8", "replace")
        print(event.replace("\0", "\n"), file=out, flush=True)
