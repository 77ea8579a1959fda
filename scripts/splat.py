#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Find in a kernel log what a healthy kernel does not say.

    scripts/splat.py LOG...         print what is wrong; status 1 if anything is
    scripts/splat.py --self-test

A test that provokes a WARN() announces it just before, in the kernel log:

    devreset-expect-warn: <regular expression>

That allows exactly one WARN, whose message or first line matches. It is as
wrong for an announced one not to come as for another to come unannounced.
"""

import re
import sys

SPLATS = [re.compile(p) for p in (
    r"\bWARNING:",
    r"\bBUG:",
    r"kernel BUG at",
    r"KASAN:",
    r"UBSAN:",
    r"ODEBUG:",
    r"DMA-API:.*(?:device driver|leak|not freed)",
    r"possible circular locking|inconsistent lock state|possible recursive locking",
    r"lock held when returning|held lock freed|bad unlock balance",
    r"suspicious RCU usage",
    r"DEBUG_LOCKS_WARN_ON",
    r"sleeping function called from invalid context",
    r"scheduling while atomic",
    r"INFO: task .* blocked for more than",
    r"INFO: trying to register non-static key",
    r"(?:soft|hard) lockup",
    r"rcu.*(?:detected .*stalls?\b|self-detected stall)",
    r"workqueue lockup",
    r"refcount_t:",
    r"general protection fault",
    r"[Uu]nable to handle (?:kernel|page fault)",
    r"\bOops\b",
    r"stack-protector:|corrupted stack end|stack guard page was hit",
    r"list_(?:add|del) corruption",
    r"unreferenced object",
    r"cannot create duplicate filename",
    r"kobject.*tried to (?:init|add) ",
    r"Kernel panic",
    r"(?:irq|IRQ) \d+: nobody cared",
    r"does not have a release\(\) function",
)]
ANNOUNCE = re.compile(r"devreset-expect-warn: (.*?)\s*$")
CUT = "------------[ cut here ]------------"
WARN = re.compile(r"WARNING: CPU: \d+ PID: \d+ at ")


def check(lines):
    """Return the complaints about these lines: none when all is well."""
    lines = [line.rstrip() for line in lines]
    announced = []
    for number, line in enumerate(lines):
        found = ANNOUNCE.search(line)
        if found:
            announced.append(found.group(1))
            lines[number] = ""
        elif WARN.search(line):
            # A WARN's own text stands between "cut here" and this line, or, on
            # architectures that have no instruction for it, in the next
            start = max((n for n in range(max(0, number - 8), number)
                         if CUT in lines[n]), default=number)
            head = "\n".join(lines[start:number + 2])
            match = next((a for a in announced if re.search(a, head)), None)
            if match is not None:
                announced.remove(match)
                lines[start:number + 1] = [""] * (number + 1 - start)

    wrong = [f"line {number}: {line}" for number, line in enumerate(lines, 1)
             if any(splat.search(line) for splat in SPLATS)]
    return wrong + [f"announced, but never came: a WARN matching {a}"
                    for a in announced]


def self_test():
    """Feed check() logs of which it is known what is wrong with them."""
    stamp = "[   12.345678] "

    def warn(text, where):
        return [CUT, text, f"WARNING: CPU: 1 PID: 77 at {where}+0x1/0x2",
                "Call Trace:", "---[ end trace 0000000000000000 ]---"]

    bad_ops = warn("devreset: bad ops", "node.c:12 devreset_register")
    expect = ["devreset-expect-warn: bad ops"]
    cases = [
        ("clean", 0, ["Linux version 6.1", "debug: BUGS: none", "warning: x",
                      "Spectre V2 : WARNINGS", "Call Trace:",
                      "FAULT_INJECTION: forcing a failure.",
                      "rcu: RCU calculated value of scheduler-enlistment"]),
        ("announced", 0, expect + bad_ops),
        ("announced by place", 0,
         ["devreset-expect-warn: devreset_register"] + bad_ops),
        ("announced, text in the next line", 0, expect + [bad_ops[0], bad_ops[2], bad_ops[1]]),
        ("announced twice, came twice", 0, expect + bad_ops + expect + bad_ops),
        ("announced, missing", 1, expect),
        ("announced after", 2, bad_ops + expect),
        ("announced, doubled", 1, expect + bad_ops + bad_ops),
        ("another than announced", 2, expect + warn("x", "node.c:1 other")),
        ("announced, but worse", 1,
         expect + bad_ops + ["BUG: KASAN: use-after-free in f+0x1/0x2"]),
    ]
    cases += [(line, 1, [line]) for line in (
        "WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2",
        "WARNING: possible circular locking dependency detected",
        "WARNING: suspicious RCU usage",
        "WARNING: inconsistent lock state",
        "BUG: kernel NULL pointer dereference, address: 0000000000000008",
        "BUG: sleeping function called from invalid context at mm/x.c:1",
        "BUG: scheduling while atomic: sh/1/0x00000002",
        "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck",
        "kernel BUG at mm/slub.c:1!",
        "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
        "UBSAN: shift-out-of-bounds in drivers/core/x.c:1:2",
        "ODEBUG: free active (active state 0) object type: timer_list",
        "DMA-API: edu 0000:01:00.0: device driver frees DMA memory twice",
        "DEBUG_LOCKS_WARN_ON(lock->magic != lock)",
        "INFO: task sh:77 blocked for more than 60 seconds.",
        "INFO: trying to register non-static key.",
        "watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [sh:77]",
        "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
        "rcu: INFO: rcu_preempt self-detected stall on CPU",
        "refcount_t: underflow; use-after-free.",
        "general protection fault, probably for non-canonical address 0x1",
        "Unable to handle kernel paging request at virtual address 1",
        "Oops: 0000 [#1] PREEMPT SMP KASAN",
        "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted",
        "list_add corruption. next->prev should be prev",
        "unreferenced object 0xffff888101234567 (size 64):",
        "sysfs: cannot create duplicate filename '/class/devreset/x'",
        "kobject: (00000000): tried to init an initialized object",
        "irq 11: nobody cared (try booting with the \"irqpoll\" option)",
        "Device 'x' does not have a release() function, it is broken",
    )]
    failed = 0
    for name, count, lines in cases:
        got = check([stamp + line for line in lines])
        if len(got) != count:
            failed += 1
            print(f"not ok - {name}: {count} expected, got {got}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed


def main(arguments):
    """Do what the command line asks for; return the exit status."""
    if arguments == ["--self-test"]:
        return bool(self_test())
    wrong = []
    for name in arguments:
        with open(name, encoding="utf-8", errors="replace") as log:
            wrong += check(log.readlines())
    print("".join(line + "\n" for line in wrong), end="")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
