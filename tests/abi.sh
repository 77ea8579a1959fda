#!/bin/bash
# Every file of the sysfs ABI, for a member, a function and a bus: reads, good and bad writes, by root and by others
# contracts: DR3 DR5 DR8 DR10 ND9
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
bus=$(basename "$(readlink "$class/pci-$edu/reset_parent")")
export edu bus

cat >/run/abi.py <<'END'
import errno
import os
import re
import sys

CLASS = "/sys/class/devreset/"
NODES = [n + os.environ["edu"] for n in ("edu-", "pci-")] + [os.environ["bus"]]
SCOPES = ["component", "function", "platform"]
# Default, least, greatest, and whether 0 is good beside them
POLICY = {
    "auto": (1, 0, 1, True),
    "max_attempts": (2, 1, 100, False),
    "retry_interval_ms": (3000, 100, 30000, False),
    "reset_timeout_ms": (10000, 100, 600000, False),
    "check_interval_ms": (2000, 100, 3600000, True),
    "check_idle": (0, 0, 1, True),
    "probation_ms": (10000, 0, 3600000, True),
    "max_recoveries": (5, 1, 100, False),
    "window_ms": (600000, 1000, 86400000, False),
    "return_ms": (30000, 100, 600000, False),
}
# Default first
CHOICES = {
    "ceiling": ["function", "component", "platform"],
    "rebind": ["never", "asked", "auto", "always"],
    "final": ["keep", "isolate"],
}
LAST = ["status", "scope", "reason", "duration_us", "attempts", "cured_by",
        "method", "time", "requester"]
STATS = ["requests", "joined", "successes", "failures", "escalations", "hangs",
         "attempts", "timeouts", "soft_errors", "external", "quiesced", "downtime_ms"]
FORMAT = {
    "state": "healthy|recovering|probation|failed|stuck",
    "scope": "member|component|function|platform",
    "supported": "|".join(" ".join(s for s, on in zip(SCOPES, f"{n:03b}") if on == "1")
                          for n in range(8)),
    "policy/ceiling": "component|function|platform",
    "policy/rebind": "never|asked|auto|always",
    "policy/final": "keep|isolate",
    "methods": "[^ ]+ [^ ]+ (none|reset_done|error_handlers|rebind|refused: .+)",
    "last/method": "none|reset_done|error_handlers|rebind",
    "last/time": "[0-9]+[.][0-9]{3}",
    "last/requester": "none|hang|driver|.+\\[[0-9]+\\]",
    "last/status": "0|-[1-9][0-9]*",
    "last/scope": "none|component|function|platform",
    "last/reason": ".+",
    "last/cured_by": ".+",
}
MODES = {"reset": 0o200, "state": 0o444, "scope": 0o444, "supported": 0o444, "methods": 0o444}
MODES.update({f"policy/{name}": 0o644 for name in [*POLICY, *CHOICES]})
MODES.update({f"last/{name}": 0o444 for name in LAST})
MODES.update({f"stats/{name}": 0o444 for name in STATS})
# What is no number that anybody may have meant, or no word
BAD = [b"\n", b" ", b"-1", b"-0", b"+5", b"0x10", b"junk", b"5x", b"x5", b"5 6", b" 5", b"5 ", b"5\t",
       b"5\n\n", b"\n5", b"5\n6\n", b"5\0", b"5\0\n", b"\0005", b"5\0006", b"1e2", b"1.5", b"\xff",
       b"4294967296", b"4294967301", b"18446744073709551621", b"5" * 5000, b"0" * 5000, b"5" + b" " * 4095]
WORDS = [b"\n", b" ", b"member", b"none", b"Function", b"FUNCTION", b"functio", b"functions", b" function",
         b"function ", b"function\t", b"function platform", b"function\0", b"function\0\n", b"func\0tion",
         b"function\n\n", b"\nfunction", b"\0function", b"1", b"-1", b"f" * 5000, b"function" * 600,
         b"function" + b"\0" * 8, b"function" + b"\n" * 5000]


def fail(text):
    print("not ok -", text)
    sys.exit(1)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    """Write at once, as it is. Return 0 or the errno."""
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError as error:
        return error.errno
    try:
        if os.write(fd, data) != min(len(data), 4096):
            fail(f"{path}: a short write of {data[:20]}")
        return 0
    except OSError as error:
        return error.errno
    finally:
        os.close(fd)


def name_of(error):
    return errno.errorcode.get(error, str(error))


opened = {}


def snapshot():
    """All that can be read of all nodes: each from its start again."""
    if not opened:
        opened.update({f"{node}/{file}": os.open(f"{CLASS}{node}/{file}", os.O_RDONLY)
                       for node in NODES for file, mode in MODES.items() if mode & 0o444})
    return {name: os.pread(fd, 4096, 0) for name, fd in opened.items()}


def expect_errors(path, values, wanted, also=b""):
    before = snapshot()
    for value in values:
        got = write(path, value)
        if got not in wanted:
            fail(f"{path}: {value[:40]} of {len(value)}: {name_of(got)}")
    if snapshot() != before:
        fail(f"{path}: something has changed")


def files():
    """The exact set of files, their modes and owners, what they read as."""
    for node in NODES:
        top = CLASS + node
        found = {os.path.relpath(os.path.join(folder, name), top)
                 for folder, _, names in os.walk(top) for name in names}
        links = {name for name in os.listdir(top) if os.path.islink(f"{top}/{name}")}
        folders = {name for name in os.listdir(top)
                   if os.path.isdir(f"{top}/{name}")} - links
        if found - links - {"uevent"} != set(MODES) or folders - {"power"} != {"policy", "last", "stats"}:
            fail(f"{node}: files {sorted(found)} {sorted(folders)}")
        if links - {"subsystem", "device"} != ({"reset_parent"} if node != os.environ["bus"] else set()):
            fail(f"{node}: links {links}")
        for file, mode in MODES.items():
            path = f"{top}/{file}"
            stat = os.stat(path)
            if stat.st_mode & 0o7777 != mode or stat.st_uid or stat.st_gid:
                fail(f"{path}: mode {stat.st_mode:o} owner {stat.st_uid}:{stat.st_gid}")
            if not mode & 0o444:
                try:
                    read(path)
                except OSError as error:
                    if error.errno == errno.EACCES:
                        continue
                fail(f"{path}: could be read")
            if not re.fullmatch(FORMAT.get(file, "[0-9]+") + r"\n", read(path).decode()) and \
               not re.fullmatch("(" + FORMAT.get(file, "[0-9]+") + r")\n", read(path).decode()):
                fail(f"{path}: reads {read(path)}")
        for name, (default, *_) in POLICY.items():
            if read(f"{top}/policy/{name}") != b"%d\n" % default:
                fail(f"{top}/policy/{name}: default {read(f'{top}/policy/{name}')}")
        for name, words in CHOICES.items():
            if read(f"{top}/policy/{name}") != words[0].encode() + b"\n":
                fail(f"{top}/policy/{name}: default")
    for node, scope in zip(NODES, ("member", "function", "platform")):
        if read(f"{CLASS}{node}/scope") != scope.encode() + b"\n":
            fail(f"{node}: scope")
    want = [b"function platform\n", b"function platform\n", b"platform\n"]
    if [read(f"{CLASS}{node}/supported") for node in NODES] != want:
        fail("supported")
    for file in ("manage", "unmanage"):
        if os.stat(CLASS + file).st_mode & 0o7777 != 0o200:
            fail(file)


def policy():
    """Good and bad values for each number."""
    for node in NODES:
        for name, (default, least, most, zero) in POLICY.items():
            path = f"{CLASS}{node}/policy/{name}"
            for good in [least, most, (least + most) // 2, default] + ([0, default] if zero else []):
                for end in (b"\n", b""):
                    error = write(path, b"%d%s" % (good, end))
                    if error or read(path) != b"%d\n" % good:
                        fail(f"{path}: {good}: {name_of(error)}, reads {read(path)}")
            out = [most + 1, most + 2**32, 2**31, 2**32 - 1, 2**63, 2**64 - 1, 2**64]
            if least:
                out.append(least - 1)
            if not zero:
                out.append(0)
            bad = BAD + [b"%d" % value for value in out] + [b"%d\n" % value for value in out]
            expect_errors(path, bad, [errno.EINVAL])
            expect_errors(path, [b""], [0, errno.EINVAL])
        for name, words in CHOICES.items():
            path = f"{CLASS}{node}/policy/{name}"
            for good in words[1:] + words[:1]:
                for end in ("\n", ""):
                    if write(path, (good + end).encode()) or read(path) != good.encode() + b"\n":
                        fail(f"{path}: {good}")
            expect_errors(path, WORDS + [b"recover", b"recover\n"], [errno.EINVAL])
            expect_errors(path, [b""], [0, errno.EINVAL])


def reset():
    """Bad words, and scopes that there are not."""
    for node in NODES:
        path = f"{CLASS}{node}/reset"
        expect_errors(path, WORDS + [b"recover ", b"recover\0", b"recover function",
                                     b"recover  force", b"function forced", b"force", b"function force force"], [errno.EINVAL])
        expect_errors(path, [b""], [0, errno.EINVAL])
    for node, wrong in zip(NODES, ([b"component"], [b"component\n"], [b"component", b"function"])):
        for word in wrong:
            error = write(f"{CLASS}{node}/reset", word)
            if error != errno.EOPNOTSUPP:
                fail(f"{node}: {word}: {name_of(error)}")
    for node, words in zip(NODES, (["function", "platform\n", "recover"], ["function\n", "platform"], ["platform"])):
        for word in words:
            # No state may change by itself later
            write(f"{CLASS}{node}/policy/probation_ms", b"0")
            error = write(f"{CLASS}{node}/reset", word.encode())
            if error:
                fail(f"{node}: {word}: {name_of(error)}")
            if read(f"{CLASS}{node}/state") != b"healthy\n":
                fail(f"{node}: {word}: {read(f'{CLASS}{node}/state')}")


def read_only():
    """Nobody writes what is only to be read."""
    for node in NODES:
        for file, mode in MODES.items():
            if not mode & 0o200:
                expect_errors(f"{CLASS}{node}/{file}", [b"1\n"], [errno.EACCES, errno.EIO])


def writable():
    for node in NODES:
        for file, mode in MODES.items():
            if mode & 0o200:
                value = {"reset": "function", "policy/ceiling": "platform", "policy/rebind": "always",
                         "policy/final": "isolate", "policy/return_ms": "100"}.get(file, "1")
                yield f"{CLASS}{node}/{file}", value.encode() + b"\n"
    for file in ("manage", "unmanage"):
        yield CLASS + file, b"pci " + os.environ["edu"].encode() + b"\n"


def refused(*wanted):
    """As somebody who may not: nothing is opened, or nothing is written."""
    allowed = [getattr(errno, name) for name in wanted]
    for path, value in writable():
        expect_errors(path, [value, b"junk"], allowed)
    print("as uid", os.getuid(), "refused with", *wanted)


def passed():
    """With files that root has opened, as somebody who may not write them."""
    writers = [(path, value, os.open(path, os.O_WRONLY)) for path, value in writable()]
    before = snapshot()
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        for path, value, fd in writers:
            for data in (value, b"junk"):
                try:
                    os.write(fd, data)
                    fail(f"{path}: an open file was written by nobody")
                except OSError as error:
                    if error.errno != errno.EPERM:
                        fail(f"{path}: {name_of(error.errno)}")
        os._exit(0)
    if os.waitpid(child, 0)[1] or snapshot() != before:
        fail("something has changed")


globals()[sys.argv[1]](*sys.argv[2:])
END

abi() { "${as[@]}" python3 -IS /run/abi.py "$@"; }
as=()

abi files
ok "DR8: exactly the files of the ABI, with their modes, formats and defaults"

abi read_only
ok "DR5: what is only to be read cannot be written"

abi policy
ok "DR10, ND9: every number of every policy takes its bounds, and refuses all else with EINVAL, unchanged"

abi reset
ok "DR3, DR5: reset takes its words and no others; a scope that there is not is EOPNOTSUPP"

as=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
abi refused EACCES
as=(setpriv --bounding-set -sys_admin --inh-caps -sys_admin --)
abi refused EPERM
as=(unshare --user --map-root-user --)
abi refused EPERM
as=()
abi passed
ok "DR5: nobody, root without CAP_SYS_ADMIN, root of a user namespace and nobody with root's open files change nothing"

# Reading by anybody is fine
expect healthy setpriv --reuid 65534 --clear-groups -- cat "$class/pci-$edu/state"
expect 120 factorial "$edu" 5
ok "DR8: all of it left the device working"
unload
