#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read and write registers of a PCI device, whichever driver it has.

    tests/reg.py RESOURCE ACTION...

RESOURCE is resource0 in the device's folder in sysfs, or /dev/mem@ADDRESS, for the
page at that physical address; the kernel must have been booted with iomem=relaxed. An ACTION is OFFSET, which prints what is there, or
OFFSET=VALUE, or OFFSET&VALUE, which leaves these bits of what is there. In hexadecimal.
"""

import mmap
import os
import re
import sys


def main():
    """Do what the arguments say, in their order."""
    name, _, base = sys.argv[1].partition("@")
    with open(name, "r+b", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size or mmap.PAGESIZE
        memory = memoryview(mmap.mmap(file.fileno(), size, offset=int(base or "0", 16))).cast("I")
    for action in sys.argv[2:]:
        offset, how, value = re.fullmatch(r"([0-9a-f]+)(?:([=+-])([0-9a-f]+))?", action).groups()
        at = int(offset, 16) // 4
        now = memory[at]
        if how is None:
            print(f"{now:08x}")
        else:
            bits = int(value, 16)
            memory[at] = {"=": bits, "+": now | bits, "-": now & ~bits}[how]


main()
