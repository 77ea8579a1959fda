#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Send a file over TCP and see that it arrives whole.

    tests/flow.py serve ADDRESS PORT            until it is killed
    tests/flow.py send ADDRESS PORT BYTES       prints the checksum's first digits
    tests/flow.py stream ADDRESS PORT FILE [MS] until FILE is there

MS: rest so long after each 64 KiB, to leave a slow machine something to do else with.

The server answers each connection with the SHA-256 of what came, when its sender
has said that it was all. "stream" keeps a connection busy, and fails if it does not
survive, or if something else arrives than was sent. It says "streaming" when it has begun.
"""

import hashlib
import os
import random
import socket
import sys
import threading
import time


def serve_one(connection):
    """Read to the end, answer with the checksum."""
    digest = hashlib.sha256()
    with connection:
        while True:
            data = connection.recv(1 << 16)
            if not data:
                break
            digest.update(data)
        connection.sendall(digest.hexdigest().encode())


def serve(address, port):
    """One thread for each connection."""
    with socket.create_server((address, port)) as listener:
        print("listening", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()


def send(address, port, more, rest=0):
    """Send blocks while more(bytes so far); compare checksums."""
    block = random.randbytes(1 << 20)
    digest, sent = hashlib.sha256(), 0
    with socket.create_connection((address, port), timeout=300) as connection:
        while more(sent):
            at = sent % 65521
            piece = block[at:at + (1 << 16)]
            connection.sendall(piece)
            digest.update(piece)
            if not sent:
                print("streaming", flush=True)
            sent += len(piece)
            time.sleep(rest / 1000)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while len(answer) < 64:
            data = connection.recv(64)
            if not data:
                sys.exit("no answer")
            answer += data
    if answer.decode() != digest.hexdigest():
        sys.exit(f"{sent} bytes sent, others arrived")
    print(f"{sent} bytes arrived", flush=True)


def main():
    """What the first argument says."""
    what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if what == "serve":
        serve(address, port)
    elif what == "send":
        send(address, port, lambda sent: sent < int(sys.argv[4]))
    else:
        rest = float(sys.argv[5]) if len(sys.argv) > 5 else 0
        send(address, port, lambda sent: not os.path.exists(sys.argv[4]), rest)


main()
