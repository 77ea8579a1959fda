#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Frames of a type for experiments.

    tests/frame.py receive INTERFACE              print what is in each, until killed
    tests/frame.py send INTERFACE TAG TEXT MAC... one to each; TAG in hexadecimal, such
                                                  as 8100e000, or "-"

What is in one is TEXT and the MAC that it was sent to.
"""

import socket
import sys

TYPE = 0x88B5


def send(sock, tag, text, macs):
    """Send one to each, in this order."""
    own = sock.getsockname()[4]
    for mac in macs:
        sock.send(bytes.fromhex(mac.replace(":", "")) + own + tag +
                  TYPE.to_bytes(2, "big") + f"{text} {mac}".encode().ljust(46, b"\0"))


def main():
    """Do what the arguments say."""
    how, interface = sys.argv[1:3]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((interface, TYPE if how == "receive" else 0))
        if how == "receive":
            print("listening", flush=True)
            while True:
                print(sock.recv(2048)[14:].decode().strip("\0"), flush=True)
        tag, text, *macs = sys.argv[3:]
        send(sock, bytes.fromhex(tag.strip("-")), text, macs)


main()
