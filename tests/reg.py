#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Read and write registers of a PCI device, whoever drives it.

    tests/reg.py RESOURCE ACTION...

RESOURCE is resource0 in the device's folder in sysfs; the kernel must have been
booted with iomem=relaxed. An ACTION is OFFSET, which prints what is there, or
OFFSET=VALUE, or OFFSET&VALUE, which leaves these bits of what is there. In hexadecimal.
"""

import mmap
import re
import sys


def main():
    """Do what the arguments say, in their order."""
    with open(sys.argv[1], "r+b", buffering=0) as file:
        memory = memoryview(mmap.mmap(file.fileno(), 0x20000)).cast("I")
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
