# SPDX-License-Identifier: GPL-2.0
"""
A client of the generic netlink family, for tests/netlink.py. The numbers are those of the
uapi header, so that nothing else is needed: what takes longest in an emulated guest is to
begin a program.
"""
import errno
import os
import re
import socket
import struct
import sys
import time

TOP = os.environ["DEVRESET_TOP"]
CLASS = "/sys/class/devreset/"
GATE = "/sys/module/devreset_gate/parameters/"
# The seconds of a fast machine are more on a slow one
SCALE = int(os.environ["DEVRESET_SCALE"])

NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, MULTI, ACK, DUMP_INTR, DUMP = 1, 2, 4, 0x10, 0x300
CAPPED, ACK_TLVS = 0x100, 0x200
SOL_NETLINK = 270
ADD_MEMBERSHIP, EXT_ACK, CAP_ACK, STRICT = 1, 11, 10, 12


def read(path):
    with open(path) as f:
        return f.read().rstrip("\n")


def numbers():
    """The enums of the uapi header, by name"""
    text = read(TOP + "/include/uapi/linux/devreset_netlink.h")
    value = {}
    for body in re.findall(r"^enum [^{]*\{(.*?)^\};", text, re.S | re.M):
        n = -1
        for line in body.splitlines():
            m = re.match(r"\t(DEVRESET_\w+)(?: = (\d+))?,", line)
            if m:
                n = int(m[2]) if m[2] else n + 1
                value[m[1]] = n
    return value


N = numbers()
CMD = {k[13:].lower(): v for k, v in N.items() if k.startswith("DEVRESET_CMD_")}
CMD_NAME = {v: k for k, v in CMD.items()}
SETS = ["POLICY", "LAST", "STATS", "ATTEMPT", "RUNG"]


def attributes(prefix):
    own = {k[len(prefix):].lower(): v for k, v in N.items() if k.startswith(prefix)}
    if prefix == "DEVRESET_A_":
        own = {k: v for k, v in own.items()
               if not any(k.upper().startswith(s + "_") for s in SETS)}
    return own


ATTR = {"": attributes("DEVRESET_A_")}
for name in SETS:
    ATTR[name.lower()] = attributes(f"DEVRESET_A_{name}_")
NAME = {space: {v: k for k, v in own.items()} for space, own in ATTR.items()}
STRINGS = {"node", "parent", "bus", "device", "driver", "identity", "text", "reason", "requester",
           "target", "cured_by", "methods"}
FLAGS = {"managed", "stuck", "hung", "away", "force", "operator", "truncated"}
SIGNED = {"status"}


class Refused(Exception):
    def __init__(self, error, text):
        super().__init__(f"{errno.errorcode[error]}: {text}")
        self.error = error
        self.text = text


def attr(number, payload):
    return struct.pack("=HH", len(payload) + 4, number) + payload + b"\0" * (-len(payload) % 4)


def encode(values, space=""):
    out = b""
    for key, value in values.items():
        n = ATTR[space][key]
        if isinstance(value, dict):
            out += attr(n | 0x8000, encode(value, key))
        elif value is True:
            out += attr(n, b"")
        elif isinstance(value, bytes):
            out += attr(n, value)
        elif isinstance(value, str):
            out += attr(n, value.encode() + b"\0")
        else:
            out += attr(n, struct.pack("=Q" if key == "cookie" else "=I", value))
    return out


def pieces(data):
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        assert 4 <= length <= len(data), "a bad attribute from the kernel"
        yield number & 0x3fff, data[4:length]
        data = data[(length + 3) & ~3:]


def decode(data, space=""):
    out = {}
    for number, payload in pieces(data):
        key = NAME[space].get(number)
        assert key, f"attribute {number} of {space or 'the family'} from the kernel"
        if key == "pad":
            continue
        if not space and key in ATTR:
            value = decode(payload, key)
        elif key in STRINGS:
            assert payload[-1:] == b"\0", key
            value = payload[:-1].decode()
        elif key in FLAGS:
            value = True
        elif len(payload) == 8:
            value = struct.unpack("=Q", payload)[0]
        else:
            value = struct.unpack("=i" if key in SIGNED else "=I", payload)[0]
        if key in ("attempt", "rung"):
            out.setdefault(key, []).append(value)
        else:
            out[key] = value
    return out


class Family:
    """A socket, and the family's number"""
    known = None

    def __init__(self, buffer=0):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        for option in (EXT_ACK, CAP_ACK, STRICT):
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, 33, buffer)
        self.seq = 0
        if not Family.known:
            Family.known = self.resolve()
        self.family, self.group = Family.known

    def resolve(self):
        reply = self.talk(16, 3, 0, attr(2, b"devreset\0"), raw=True)[0]
        found, groups = None, {}
        for number, payload in pieces(reply):
            if number == 1:
                found = struct.unpack("=H", payload)[0]
            elif number == 7:
                for _, group in pieces(payload):
                    inner = dict(pieces(group))
                    groups[inner[1].rstrip(b"\0").decode()] = struct.unpack("=I", inner[2])[0]
        return found, groups["events"]

    def message(self, cmd, flags, payload):
        return self.raw(self.family, cmd, flags, payload)

    def raw(self, family, cmd, flags, payload):
        self.seq += 1
        return struct.pack("=IHHIIBBH", 20 + len(payload), family, REQUEST | flags, self.seq, 0,
                           cmd, 1, 0) + payload

    def talk(self, family, cmd, flags, payload, raw=False):
        self.interrupted = False
        self.sock.send(self.raw(family, cmd, ACK | flags, payload))
        out = []
        while True:
            for kind, mflags, seq, body in self.messages(self.sock.recv(1 << 20)):
                if seq != self.seq:
                    continue
                self.interrupted |= bool(mflags & DUMP_INTR)
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    error = -struct.unpack_from("=i", body)[0]
                    if error:
                        raise Refused(error, self.text(kind, mflags, body))
                    return out
                out.append(body[4:] if raw else decode(body[4:]))

    @staticmethod
    def messages(data):
        while len(data) >= 16:
            length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
            yield kind, flags, seq, data[16:length]
            data = data[(length + 3) & ~3:]

    @staticmethod
    def text(kind, flags, body):
        if not flags & ACK_TLVS:
            return ""
        at = 4 if kind == NLMSG_DONE else 20
        return dict(pieces(body[at:])).get(1, b"").rstrip(b"\0").decode()

    def do(self, cmd, **values):
        out = self.talk(self.family, CMD[cmd], 0, encode(values))
        assert len(out) <= 1, out
        return out[0] if out else None

    def dump(self, cmd, **values):
        return self.talk(self.family, CMD[cmd], DUMP, encode(values))

    def refused(self, want, cmd, dump=False, text=True, **values):
        try:
            out = (self.dump if dump else self.do)(cmd, **values)
        except Refused as e:
            if e.error != getattr(errno, want) or (text and not e.text):
                fail(f"{cmd} {values}: expected {want}, got {e}")
            return e.text
        return fail(f"{cmd} {values}: expected {want}, got {out}")

    def listen(self):
        self.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, self.group)
        return self

    def events(self, seconds=0):
        """Those that are there, or the first that come"""
        self.sock.settimeout(seconds or 0.000001)
        try:
            data = self.sock.recv(1 << 20)
        except (socket.timeout, BlockingIOError):
            return []
        out = []
        for _, _, _, body in self.messages(data):
            event = decode(body[4:])
            event["name"] = CMD_NAME[body[0]]
            out.append(event)
        return out

    def until(self, wanted, seconds=60):
        """Events up to and with the first that is wanted"""
        out = []
        end = time.monotonic() + seconds * SCALE
        while time.monotonic() < end:
            for event in self.events(1):
                out.append(event)
                if wanted(event):
                    return out
        return fail(f"no such event after {out[-20:]}")


def fail(text):
    print("not ok -", text)
    sys.exit(1)


def expect(want, got, what=""):
    if want != got:
        fail(f"{what} expected {want!r}, got {got!r}")


def gate(**values):
    for key, value in values.items():
        with open(GATE + key, "w") as f:
            f.write(str(value))


def wait_for(condition, what):
    end = time.monotonic() + 60 * SCALE
    while not condition():
        if time.monotonic() > end:
            fail(f"waited in vain for: {what}")
        time.sleep(0.02)


def done(cookie):
    return lambda e: e["name"] == "done_ntf" and e.get("cookie") == cookie


def no_gap(events, what):
    for one, two in zip(events, events[1:]):
        expect(one["event_seq"] + 1, two["event_seq"], what)
        if one["time"] > two["time"]:
            fail(f"{what}: time goes back")


def sysfs_policy(node):
    path = CLASS + node + "/policy/"
    return {name: read(path + name) for name in sorted(os.listdir(path))}
