#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read from a char device of devreset_usb, or write to it, and count.

    tests/usbio.py read|write DEVICE OFFSET BYTES [SIZE]

What is written, and expected when reading, are 32-bit numbers counted up from 0,
from the byte at OFFSET on; BYTES of them (0: until SIGTERM), SIZE at a time
(65536). Prints "N bytes, error NAME", where N is what the device took, or gave.
Stops at the first byte that is wrong, and at an error other than EINTR.
"""

import ctypes
import errno
import os
import signal
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
stop = False


def pattern(offset, size):
    """The bytes that are due at that offset."""
    first = offset // 4
    words = range(first, (offset + size + 3) // 4)
    data = struct.pack(f"<{len(words)}I", *words)
    return data[offset - 4 * first:][:size]


def on_term(*_):
    """End it; a call that is in hand returns what it has done."""
    global stop
    stop = True


def main():
    """Do what the command line asks for; return the exit status."""
    mode, device = sys.argv[1:3]
    start, limit = int(sys.argv[3]), int(sys.argv[4])
    size = int(sys.argv[5]) if len(sys.argv) > 5 else 65536
    signal.signal(signal.SIGTERM, on_term)
    signal.siginterrupt(signal.SIGTERM, True)
    fd = os.open(device, os.O_RDONLY if mode == "read" else os.O_WRONLY)
    buffer = ctypes.create_string_buffer(size)
    done, error = 0, 0
    while not stop and (not limit or done < limit):
        n = min(size, limit - done) if limit else size
        if mode == "write":
            got = libc.write(fd, pattern(start + done, n), n)
        else:
            got = libc.read(fd, buffer, n)
        if got < 0:
            error = ctypes.get_errno()
            if error == errno.EINTR:
                continue
            break
        error = 0
        if mode == "read" and buffer.raw[:got] != pattern(start + done, got):
            print(f"wrong between {start + done} and {start + done + got}")
            return 1
        done += got
    name = errno.errorcode.get(error, "none") if error != errno.EINTR else "none"
    print(f"{done} bytes, error {name}", flush=True)
    return 0


sys.exit(main())
