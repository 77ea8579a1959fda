#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read from a char device of devreset_usb, or write to it, and count.

    tests/usbio.py read|write DEVICE OFFSET BYTES [SIZE]
    tests/usbio.py both DEVICE OUT BYTES IN BYTES [SIZE OF READS]

What is written, and expected when reading, are 32-bit numbers counted up from 0,
from the byte at OFFSET on; BYTES of them (0: until SIGTERM), SIZE at a time
(65536). Prints "N bytes, error NAME", where N is what the device took, or gave.
Stops at the first byte that is wrong, and at an error other than EINTR. "both"
writes and reads at the same time, and prints a line for each.
"""

import ctypes
import errno
import os
import signal
import struct
import sys
import threading

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


def transfer(mode, device, start, limit, size):
    """Read or write, and return what is to be said of it."""
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
            return f"wrong between {start + done} and {start + done + got}"
        done += got
    name = errno.errorcode.get(error, "none") if error != errno.EINTR else "none"
    return f"{done} bytes, error {name}"


def main():
    """Do what the command line asks for; return the exit status."""
    mode, device, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers]
    signal.signal(signal.SIGTERM, on_term)
    signal.siginterrupt(signal.SIGTERM, True)
    if mode == "both":
        out, out_bytes, start, in_bytes, *size = numbers
        said = ["", ""]

        def run(i, *args):
            said[i] = transfer(*args)

        threads = [threading.Thread(target=run, args=(0, "write", device, out, out_bytes, 65536)),
                   threading.Thread(target=run, args=(1, "read", device, start, in_bytes,
                                                      size[0] if size else 65536))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        start, limit, *size = numbers
        said = [transfer(mode, device, start, limit, size[0] if size else 65536)]
    print("\n".join(said), flush=True)
    return int(any(text.startswith("wrong") for text in said))


sys.exit(main())
