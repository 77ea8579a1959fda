# SPDX-License-Identifier: GPL-2.0
"""
The steps of tests/netlink.sh: netlink.py STEP[=ARGUMENT]...
"""
import ctypes
import errno
import os
import random
import re
import socket
import struct
import sys
import time

# python3 -I does not look there
sys.path.insert(0, os.environ["DEVRESET_TOP"] + "/tests")
from genl import (ACK, ATTR, CLASS, CMD, DUMP, DUMP_INTR, NLMSG_DONE, Family, Refused, attr, done,  # noqa: E402
                  encode, expect, fail, gate, no_gap, read, sysfs_policy, wait_for)

SCOPES = ["member", "component", "function", "platform"]
WORDS = {"ceiling": SCOPES, "rebind": ["never", "asked", "auto", "always"], "final": ["keep", "isolate"]}


def like_sysfs(node):
    """A node is what sysfs says"""
    path = CLASS + node["node"] + "/"
    link = path + "reset_parent"
    expect(os.path.basename(os.readlink(link)) if os.path.islink(link) else None,
           node.get("parent"), path)
    expect(SCOPES.index(read(path + "scope")), node["scope"], path)
    expect(13, len(node["policy"]), path)
    for name, value in node["policy"].items():
        expect(read(path + "policy/" + name), WORDS[name][value] if name in WORDS else str(value),
               path + name)
    for name, value in node["stats"].items():
        if not name.startswith("dumps"):
            expect(read(path + "stats/" + name), str(value), path + name)
    if "last" in node:
        last, ms = node["last"], node["last"]["time"] // 1000000
        expect([read(path + "last/" + name)
                for name in ("status", "requester", "duration_us", "attempts", "time")],
               [str(last["status"]), last["requester"], str(last["duration"] // 1000),
                str(last["attempts"]), f"{ms // 1000}.{ms % 1000:03d}"], path)


def step_nodes(_):
    nl = Family()
    nodes = {n["node"]: n for n in nl.dump("node_get")}
    expect(False, nl.interrupted, "a dump while nothing changes")
    expect(sorted(set(os.listdir(CLASS)) - {"manage", "unmanage"}), sorted(nodes), "all nodes")
    for name in nodes:
        if not re.match(r"gate-\d\d", name):
            like_sysfs(nodes[name])
            expect(nodes[name], nl.do("node_get", node=name), name)
    below = {n["node"] for n in nl.dump("node_get", node="gate")}
    expect({n for n in nodes if n.startswith("gate")}, below, "below gate")
    edu = next(n for n in nodes if n.startswith("edu-"))
    pci = nodes["pci" + edu[3:]]
    expect(["edu", "pci", edu[4:], True], [nodes[edu]["driver"], pci["bus"], pci["device"],
                                           "1234" in pci["identity"]], "the device")
    nl.refused("ENODEV", "node_get", node="nobody")
    nl.refused("ENODEV", "node_get", dump=True, node="nobody")
    nl.refused("EINVAL", "node_get")
    nl.refused("EINVAL", "node_get", text=False, node="n" * 64)
    nl.refused("EINVAL", "node_get", text=False, node=b"gate")
    nl.refused("EINVAL", "node_get", text=False, node="gate", force=True)
    return f"{len(nodes)} nodes, one by one and dumped, are what sysfs has"


def step_interrupted(_):
    """The nodes change while they are dumped"""
    nl = Family()
    nl.sock.send(nl.message(CMD["node_get"], DUMP, b""))
    first = nl.sock.recv(1 << 20)
    os.system("rmmod devreset_gate")
    flags = 0
    while True:
        messages = list(nl.messages(nl.sock.recv(1 << 20)))
        for kind, mflags, _, _ in messages:
            flags |= mflags
        if messages[-1][0] == NLMSG_DONE:
            break
    expect([0, DUMP_INTR], [next(nl.messages(first))[1] & DUMP_INTR, flags & DUMP_INTR], "flags")
    return "a dump during which nodes went says that it is not consistent"


def step_policy(_):
    nl = Family()
    nl.do("policy_set", node="gate", policy={"auto": 0, "max_attempts": 7, "ceiling": 3, "final": 1})
    before = sysfs_policy("gate")
    expect(["0", "7", "platform", "isolate"],
           [before[k] for k in ("auto", "max_attempts", "ceiling", "final")], "policy")
    for name, number in ATTR["policy"].items():
        text = nl.refused("EINVAL" if name not in ("auto", "ceiling", "check_idle", "rebind", "final")
                          else "ERANGE", "policy_set", node="gate",
                          policy={"max_attempts": 9, "return_ms": 500, name: 0xffffffff})
        expect(before, sysfs_policy("gate"), f"after a bad {name}: {text}")
    for bad in ({}, {"auto": b"\1"}, {"auto": b"\1\0\0\0\0"}, {"auto": {}}):
        nl.refused("EINVAL", "policy_set", text=False, node="gate", policy=bad)
    nl.refused("EINVAL", "policy_set", node="gate")
    nl.refused("EINVAL", "policy_set", policy={"auto": 1})
    nl.refused("ENODEV", "policy_set", node="nobody", policy={"auto": 1})
    expect(before, sysfs_policy("gate"), "policy")
    nl.do("policy_set", node="gate", policy={
        "auto": 1, "max_attempts": 2, "ceiling": 2, "final": 0, "probation_ms": 0,
        "retry_interval_ms": 100, "reset_timeout_ms": 600000})
    nl.do("policy_set", node="gate-part", policy={"reset_timeout_ms": 600000})
    return "a policy is set as a whole or, if one value is bad, not at all"


def names(events, node=None):
    return [e["name"][:-4] + {0: "+", 1: "-"}.get(e.get("edge"), "") for e in events
            if not node or e.get("node", node) == node]


def step_reset(_):
    nl, ear = Family(), Family(1 << 24).listen()
    cookie = nl.do("reset", node="gate", scope=2)["cookie"]
    events = ear.until(done(cookie))
    no_gap(events, "a reset")
    phases = ["phase+", "phase-"] * 6
    expect(["state", "begin", "attempt+"] + phases + ["attempt-", "state", "done"], names(events),
           "events of a reset")
    end, begin = events[-1], events[1]
    expect([0, 2, 2, 1, "gate", "operator", cookie], [end[k] for k in (
        "status", "scope", "method", "attempts", "cured_by", "reason", "cookie")], "the end")
    expect([2, cookie, end["requester"]], [begin[k] for k in ("scope", "cookie", "requester")], "begin")
    entry = nl.dump("log_get", node="gate")[-1]
    expect(["gate", 2, 0, end["requester"]], [entry["node"], entry["scope"], entry["last"]["status"],
                                             entry["last"]["requester"]], "log")
    attempt = entry["attempt"][0]
    times = [attempt[k] for k in ("began", "claim", "quiesce", "reset", "restore", "resume", "check")]
    if times != sorted(times) or len(entry["attempt"]) != 1:
        fail(f"log: {entry}")
    expect(True, entry in nl.dump("log_get"), "the log of all")
    nl.refused("ENODEV", "log_get", dump=True, node="nobody")

    nl.refused("EOPNOTSUPP", "reset", node="gate", scope=3)
    nl.refused("EOPNOTSUPP", "reset", node="gate", scope=1)
    nl.refused("EINVAL", "reset", node="gate", scope=0)
    nl.refused("ERANGE", "reset", node="gate", scope=4)
    nl.refused("EINVAL", "reset", node="gate", scope=2, method=5)
    nl.refused("ERANGE", "reset", node="gate", scope=2, method=6)
    nl.refused("EINVAL", "reset", node="gate")
    nl.refused("EINVAL", "reset", scope=2)
    nl.refused("ENODEV", "reset", node="nobody", scope=2)
    nl.refused("ENODEV", "recover", node="nobody")
    expect([], ear.events(), "events of what was refused at once")
    return "a reset: its cookie, each of its steps as an event without a gap, and its log"


def step_recover(_):
    nl, ear = Family(), Family(1 << 24).listen()
    gate(broken=1)
    cookie = nl.do("recover", node="gate")["cookie"]
    end = ear.until(done(cookie))[-1]
    expect([-errno.EIO, 2, 2], [end[k] for k in ("status", "scope", "attempts")], "a recovery")
    expect([3, 2], [nl.do("node_get", node="gate")[k] for k in ("state", "scope")], "failed")
    gate(broken=0)
    cookie = nl.do("recover", node="gate")["cookie"]
    events = ear.until(done(cookie))
    expect([0, 1, "gate"], [events[-1][k] for k in ("status", "attempts", "cured_by")], "a recovery")
    expect([4], [e["length"] for e in events if e["name"] == "dump_ntf"], "a dump")

    # One that is detected
    gate(broken=1)
    nl.do("policy_set", node="gate", policy={"check_interval_ms": 100, "check_idle": 1})
    hang = ear.until(lambda e: e["name"] == "hang_ntf" and e["node"] == "gate")[-1]
    gate(broken=0)
    end = ear.until(lambda e: e["name"] == "done_ntf" and e["node"] == "gate")[-1]
    expect(["broken", "hang", "broken", None, 0],
           [hang["reason"], end["requester"], end["reason"], end.get("cookie"), end["status"]], "a hang")
    nl.do("policy_set", node="gate", policy={"check_interval_ms": 0, "check_idle": 0})
    return "recoveries that fail and succeed, and one that nobody asked for"


def step_refusal(_):
    nl, ear = Family(), Family(1 << 24).listen()
    why = "gate gate refused: as the test says"
    gate(refused=1)
    cookie = nl.do("reset", node="gate", scope=2)["cookie"]
    events = ear.until(done(cookie))
    refusal = [e for e in events if e["name"] == "refusal_ntf"]
    expect([("gate", "gate", -errno.EBUSY, why)],
           [(e["node"], e["target"], e["status"], e["text"]) for e in refusal], "refusal")
    expect([-errno.EBUSY, why, 0], [events[-1][k] for k in ("status", "text", "attempts")], "its end")
    told = nl.do("explain", node="gate-part")
    steps = [(r["node"], r["scope"], r["step"], r.get("text")) for r in told["rung"]]
    expect([("gate-part", 1, 2, why), ("gate", 2, 2, why)], steps, "explain")
    for flags in ({"force": True}, {"force": True, "operator": True}):
        told = nl.do("explain", node="gate-part", **flags)
        expect([0, 0], [r["step"] for r in told["rung"]], f"explain {flags}")
        expect("gate gate reset_done\n", told["rung"][0]["methods"], "methods")
    cookie = nl.do("reset", node="gate", scope=2, force=True)["cookie"]
    expect(0, ear.until(done(cookie))[-1]["status"], "by force")
    gate(refused=0)
    nl.do("policy_set", node="gate-part", policy={"ceiling": 1, "auto": 0})
    told = nl.do("explain", node="gate-part")
    expect([0, 3, 0], [r["step"] for r in told["rung"]] + [told["answer"]], "a ceiling")
    nl.do("policy_set", node="gate-part", policy={"ceiling": 2, "auto": 1})
    expect(1, nl.do("explain", node="gate-part")["answer"], "what a hang leads to")
    nl.refused("ENODEV", "explain", node="nobody")
    return "the reason of a refusal reaches its event, the end, and explain; force is heeded"


def step_cancel(_):
    nl, ear = Family(), Family(1 << 24).listen()
    gate(closed=1)
    runs = nl.do("reset", node="gate-part", scope=1)["cookie"]
    ear.until(lambda e: e["name"] == "phase_ntf" and e["phase"] == 2)
    nl.refused("EBUSY", "cancel", cookie=runs)
    nl.refused("EALREADY", "reset", node="gate-part", scope=1)
    for cmd, values in (("reset", {"scope": 2}), ("recover", {})):
        state = nl.do("node_get", node="gate")["state"]
        waits = nl.do(cmd, node="gate", **values)["cookie"]
        ear.until(lambda e: e["name"] == "attempt_ntf" and e["node"] == "gate")
        nl.do("cancel", cookie=waits)
        end = ear.until(done(waits))[-1]
        expect([-errno.ECANCELED, 0], [end["status"], end["attempts"]], "cancelled")
        expect(state, nl.do("node_get", node="gate")["state"], "state")
        nl.refused("ENOENT", "cancel", cookie=waits)
    gate(closed=0)
    expect(0, ear.until(done(runs))[-1]["status"], "what ran")
    nl.refused("ENOENT", "cancel", cookie=runs)
    nl.refused("ENOENT", "cancel", cookie=0)
    nl.refused("EINVAL", "cancel")
    return "what waits can be cancelled and leaves no trace; what has begun goes on"


def step_manage(_):
    nl, ear = Family(), Family(1 << 24).listen()
    edu = next(n for n in os.listdir(CLASS) if n.startswith("edu-"))[4:]
    pci = "pci-" + edu
    where = {"bus": "pci", "device": edu}
    record = {r["node"]: r for r in nl.dump("record_get")}[pci]
    expect([None, None], [record.get("managed"), record.get("away")], "a record")
    nl.refused("ENOENT", "unmanage", **where)
    nl.do("manage", **where)
    nl.refused("EEXIST", "manage", **where)
    nl.refused("ENODEV", "manage", bus="pci", device="0000:7f:1f.7")
    nl.refused("ENODEV", "manage", bus="nobus", device=edu)
    nl.refused("EINVAL", "manage", bus="pci", device="junk")
    nl.refused("EINVAL", "manage", bus="pci")
    nl.refused("EINVAL", "unmanage", device=edu)
    expect([True, 1, 2], [nl.do("node_get", node=pci).get("managed")] +
           [nl.do("node_get", node=pci)["policy"][k] for k in ("check_idle", "rebind")], "managed")
    nl.do("policy_set", node=pci, policy={"max_attempts": 5, "check_idle": 0})
    for method, status in ((3, 0), (1, -errno.EOPNOTSUPP), (0, 0)):
        cookie = nl.do("reset", node=pci, scope=2, method=method)["cookie"]
        end = ear.until(done(cookie))[-1]
        expect([status, (method or 2) if not status else 0, bool(status)],
               [end["status"], end["method"], "by that method" in end.get("text", "")],
               f"reset of the card by method {method}")
    log = nl.dump("log_get", node=pci)

    open(f"/sys/bus/pci/devices/{edu}/remove", "w").write("1")
    ear.until(lambda e: e["name"] == "node_del_ntf" and e["node"] == pci)
    record = {r["node"]: r for r in nl.dump("record_get")}[pci]
    expect([True, True, 5, "pci", edu, None, 0],
           [record["away"], record["managed"], record["policy"]["max_attempts"], record["bus"],
            record["device"], record.get("expires_in"), record["last"]["status"]], "away")
    expect(log, nl.dump("log_get", node=pci), "its log")
    expect(True, log[0] in nl.dump("log_get"), "the log of all")
    nl.refused("ENODEV", "node_get", node=pci)
    open("/sys/bus/pci/rescan", "w").write("1")
    ear.until(lambda e: e["name"] == "node_add_ntf" and e["node"] == pci)
    wait_for(lambda: nl.do("node_get", node=pci).get("managed"), "the device to be managed again")
    expect(5, nl.do("node_get", node=pci)["policy"]["max_attempts"], "it came back")
    nl.do("unmanage", **where)
    expect(None, nl.do("node_get", node=pci).get("managed"), "unmanaged")
    return "a device is managed, goes, has a record meanwhile, comes back, and is not any more"


def as_user(what, change):
    """Run it in a child"""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        change()
        what()
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        sys.exit(1)


def no_admin():
    """All capabilities but CAP_SYS_ADMIN"""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.capget(header, data):
        fail("capget")
    data[0] &= ~(1 << 21)
    if libc.capset(header, data):
        fail("capset")


def may_not_act():
    nl = Family()
    before = sysfs_policy("gate")
    for cmd, values in {"policy_set": {"policy": {"auto": 0}}, "reset": {"scope": 2}, "recover": {},
                        "cancel": {"cookie": 1}}.items():
        nl.refused("EPERM", cmd, text=False, **(values if cmd == "cancel" else {"node": "gate", **values}))
    for cmd in ("manage", "unmanage"):
        nl.refused("EPERM", cmd, text=False, bus="pci", device="0000:00:00.0")
    expect(before, sysfs_policy("gate"), "policy")
    if len(nl.dump("node_get")) < 3 or not nl.dump("log_get", node="gate") or \
            not nl.dump("record_get") or len(nl.do("explain", node="gate-part")["rung"]) != 2:
        fail("a user reads less")
    nl.listen()


def step_users(_):
    as_user(may_not_act, lambda: os.setresuid(65534, 65534, 65534))
    as_user(may_not_act, no_admin)
    return "without CAP_SYS_ADMIN all can be read, and nothing be done"


def step_many(count):
    """Recoveries, with a listener that reads, one that does not, and one that has gone"""
    count = int(count)
    nl, ear, deaf = Family(), Family(1 << 26).listen(), Family().listen()
    deaf.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    Family().listen().sock.close()
    before = int(read(CLASS + "gate/stats/successes"))
    last, seen, ends = None, 0, 0
    start = time.monotonic()
    for _ in range(count):
        cookie = nl.do("recover", node="gate")["cookie"]
        events = ear.until(done(cookie))
        no_gap(([last] if last else []) + events, "events")
        last = events[-1]
        expect(0, last["status"], "a recovery")
        seen += len(events)
    ms = (time.monotonic() - start) * 1000 / count
    expect(before + count, int(read(CLASS + "gate/stats/successes")), "recoveries")
    if seen < 15 * count:
        fail(f"{seen} events")
    errors = []
    deaf.sock.setblocking(False)
    while True:
        try:
            deaf.sock.recv(1 << 20)
        except BlockingIOError:
            break
        except OSError as e:
            errors.append(e.errno)
    expect([errno.ENOBUFS], errors[:1], "the listener that did not read")
    return f"{count} recoveries, {ms:.1f} ms each: {seen} events, none missing; " \
        "who does not read delays nothing and gets ENOBUFS"


def mutate(rnd, data):
    """A message in which something is wrong, most likely"""
    data = bytearray(data)
    for _ in range(rnd.choice((1, 1, 2, 5))):
        at = rnd.randrange(len(data) + 1)
        kind = rnd.randrange(7)
        if kind == 0:
            del data[at:]
        elif kind == 1 and data:
            data[min(at, len(data) - 1)] = rnd.randrange(256)
        elif kind == 2:
            data[at:at] = rnd.randbytes(rnd.randrange(40))
        elif kind == 3 and len(data) >= 4:
            struct.pack_into("=H", data, at // 4 * 4 if at + 4 <= len(data) else 0, rnd.choice(
                (0, 1, 3, 4, 5, 8, 0x7fff, 0x8000, 0xffff)))
        elif kind == 4:
            data = bytearray(attr(rnd.randrange(64) | rnd.choice((0, 0x8000, 0x4000)),
                                  bytes(data[:30000])))
        elif kind == 5:
            for _ in range(rnd.randrange(20)):
                data = bytearray(attr(rnd.randrange(50) | 0x8000, bytes(data[:2000])))
        elif kind == 6 and rnd.random() < 0.02:
            data += rnd.randbytes(rnd.choice((1000, 30000)))
    return bytes(data[:60000])


def step_fuzz(count):
    """Messages that nothing may come of: what would be good in them is of no node or device"""
    count = int(count)
    seed = int(os.environ.get("SEED") or 20261201)
    rnd = random.Random(seed)
    nl, ear = Family(1 << 22), Family(1 << 26).listen()
    bad = {"auto": 0xffffffff, "max_attempts": 0xffffffff, "window_ms": 0xffffffff}
    good = [(c, encode(v)) for c, v in (
        ("node_get", {"node": "gate"}), ("record_get", {}), ("log_get", {"node": "gate"}),
        ("policy_set", {"node": "gate", "policy": bad}), ("explain", {"node": "gate", "operator": True}),
        ("reset", {"node": "nobody", "scope": 2, "method": 1, "force": True}),
        ("recover", {"node": "nobody", "force": True}), ("cancel", {"cookie": 1 << 60}),
        ("manage", {"bus": "pci", "device": "0000:7f:1f.7"}),
        ("unmanage", {"bus": "pci", "device": "0000:7f:1f.7"}))]
    before = {n["node"]: (n["policy"], n["stats"], n.get("managed")) for n in nl.dump("node_get")}
    sent, answers, batch = 0, 0, []
    nl.sock.setblocking(False)
    while sent < count:
        cmd, payload = rnd.choice(good)
        payload = mutate(rnd, payload)
        number = rnd.choice((0, rnd.randrange(len(CMD) + 1, 256))) if rnd.random() < 0.1 else CMD[cmd]
        for flags in (0, ACK, DUMP, rnd.randrange(0x10000)):
            message = nl.message(number, flags, payload)
            batch.append(message + b"\0" * (-len(message) % 4))
        if rnd.random() < 0.1:
            batch[-1] = mutate(rnd, batch[-1])
        sent += 4
        if len(batch) >= 50 or sent >= count:
            try:
                nl.sock.send(b"".join(batch))
            except OSError as e:
                if e.errno not in (errno.ENOBUFS, errno.EMSGSIZE, errno.EAGAIN):
                    raise
            batch = []
            try:
                while nl.sock.recv(1 << 20):
                    answers += 1
            except OSError:
                pass
    nl = Family()
    after = {n["node"]: (n["policy"], n["stats"], n.get("managed")) for n in nl.dump("node_get")}
    expect(before, after, f"nodes after seed {seed}")
    expect([], ear.events(), "events")
    if answers < count // 100:
        fail(f"{answers} answers")
    return f"{count} messages that are cut, nested wrongly, huge or of wrong types (seed {seed}) " \
        f"change nothing; {answers} reads of answers"


def step_read(seconds):
    """Read all there is, over and over, for tests/netlink.sh, which has nodes come and go"""
    nl, rounds = Family(), 0
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for cmd in ("node_get", "record_get", "log_get"):
            nl.dump(cmd)
        for name in ("gate", "gate-part"):
            try:
                nl.do("explain", node=name)
                nl.do("node_get", node=name)
            except Refused as e:
                expect(errno.ENODEV, e.error, name)
        rounds += 1
    return f"{rounds} rounds of reading all"


for word in sys.argv[1:]:
    step, _, argument = word.partition("=")
    print("ok -", globals()["step_" + step](argument), flush=True)
