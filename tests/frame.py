#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""One frame of a type for experiments, with a tag.

    tests/frame.py receive INTERFACE        wait for one, and print what is in it
    tests/frame.py send INTERFACE MAC TAG   TAG in hexadecimal, such as 8100e000
"""

import socket
import sys

TYPE = 0x88B5


def main():
    """Do what the arguments say."""
    how, interface = sys.argv[1:3]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((interface, TYPE if how == "receive" else 0))
        if how == "receive":
            print("listening", flush=True)
            print(sock.recv(2048)[14:].decode().strip("\0"), flush=True)
            return
        mac, tag = sys.argv[3:5]
        own = sock.getsockname()[4]
        sock.send(bytes.fromhex(mac.replace(":", "")) + own + bytes.fromhex(tag) +
                  TYPE.to_bytes(2, "big") + tag.encode().ljust(46, b"\0"))


main()
