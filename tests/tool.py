#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Is what devresetctl printed what it should be? tests/tool.py FOLDER

In the folder are list.json, show.json, log.json, explain.json, timeline.json, t.svg,
t.perfetto and events.json, of devresetctl on a machine with an edu that was recovered.
Silent, or says what is wrong and fails.
"""

import json
import sys
import xml.etree.ElementTree as xml

STATES = ("healthy", "recovering", "probation", "failed", "stuck")
SCOPES = ("member", "component", "function", "platform")
METHODS = ("none", "reset_done", "error_handlers", "rebind", "repair")
PHASES = ("claim", "quiesce", "reset", "restore", "resume", "check")

# A type; a tuple of words; a list with the schema of all items; a dictionary of members, those
# with a "?" behind them may be missing
NODE = {"node": str, "state": STATES, "scope": SCOPES, "parent?": str, "device?": str,
        "driver?": str, "bus?": str, "identity?": str, "managed?": bool, "hung?": bool}
LAST = {"status": int, "scope": SCOPES + ("none",), "reason": str, "duration_us": int,
        "attempts": int, "cured_by": str, "method": METHODS, "time": float,
        "requester": str}
FULL = {**NODE, "supported": [SCOPES], "last?": LAST,
        "methods": [{"device": str, "driver": (str, None), "method?": METHODS, "refused?": str}],
        "policy": {"auto": int, "ceiling": SCOPES, "max_attempts": int, "retry_interval_ms": int,
                   "reset_timeout_ms": int, "check_interval_ms": int, "check_idle": int,
                   "probation_ms": int, "max_recoveries": int, "window_ms": int,
                   "rebind": ("never", "asked", "auto", "always"), "final": ("keep", "isolate"),
                   "return_ms": int},
        "stats": {name: int for name in (
            "requests", "joined", "successes", "failures", "escalations", "hangs", "attempts",
            "timeouts", "soft_errors", "external", "quiesced", "downtime_ms")}}
LOG = {"node": str, "seq": int, "time": float, "asked": SCOPES + ("recover",), "requester": str,
       "status": int, "attempts": int, "cured_by": str, "method": METHODS,
       "duration_us": int, "reason": str, "scope?": SCOPES + ("none",),
       "tries": [{"node": str, "status": int, "method": METHODS, "began_us?": int,
                  "phases": [{"phase": PHASES, "end_us": int}]}]}
EXPLAIN = {"node": str, "state": STATES, "ceiling": SCOPES, "why": str,
           "answer": ("ignore", "start", "limit"),
           "rungs": [{"node": str, "scope": SCOPES, "why?": str, "max_attempts": int,
                      "step": ("attempt", "skip", "refused", "ceiling"),
                      "retry_interval_ms": int, "devices": [dict]}]}
TIMELINE = {"node": str, "seq": int, "status": int, "end_us": int,
            "bars": [{"node": str, "attempt": int, "phase": PHASES + ("wait",), "from_us": int,
                      "to_us": int}]}


def match(value, schema, where):
    """Fail unless value is as schema says."""
    if isinstance(schema, list):
        assert isinstance(value, list), where
        for i, item in enumerate(value):
            match(item, schema[0], f"{where}[{i}]")
    elif isinstance(schema, dict):
        assert isinstance(value, dict), where
        known = {name.rstrip("?"): name for name in schema}
        for name in value:
            assert name in known, f"{where}: \"{name}\" is not in the schema"
            match(value[name], schema[known[name]], f"{where}.{name}")
        for name in schema:
            assert name.endswith("?") or name in value, f"{where}: no \"{name}\""
    elif isinstance(schema, tuple):
        if schema == (str, None):
            assert value is None or isinstance(value, str), f"{where}: {value}"
        else:
            assert value in schema, f"{where}: {value}"
    else:
        assert isinstance(value, schema) and not (schema is int and isinstance(value, bool)), \
            f"{where}: {value!r}"


def load(name):
    """The JSON in a file of the folder."""
    with open(f"{FOLDER}/{name}", encoding="utf-8") as file:
        return json.load(file)


def check_pictures(bars):
    """The files of the timeline show the same."""
    svg = "{http://www.w3.org/2000/svg}"
    root = xml.parse(f"{FOLDER}/t.svg").getroot()
    drawn = [r for r in root.iter(svg + "rect") if r.get("class") == "phase"]
    assert root.tag == svg + "svg" and len(drawn) == bars, (len(drawn), bars)
    events = load("t.perfetto")["traceEvents"]
    slices = [e for e in events if e["ph"] == "X" and e["tid"]]
    assert len(slices) == bars and all(e["dur"] >= 0 and e["ts"] >= 0 for e in slices)
    assert {e["name"] for e in slices} >= {"reset", "check"}


def check_events(edu):
    """What monitor printed of the recovery: one object a line, from its begin to its end."""
    with open(f"{FOLDER}/events.json", encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    assert events[0] == {"event": "listening"}, events[0]
    mine = [e for e in events if e.get("node") == edu]
    kinds = [e["event"] for e in mine]
    assert "lost" not in [e["event"] for e in events]
    if "begin" in kinds:
        assert kinds.index("hang") < kinds.index("begin") < kinds.index("done"), kinds
        numbers = [e["event_seq"] for e in events[1:]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
        assert {e["phase"] for e in events if e["event"] == "phase"} == set(PHASES)
        done = mine[kinds.index("done")]
    else:
        assert kinds.count("change") >= 2 and mine[kinds.index("change")]["status"] == -115, mine
        done = mine[kinds.index("change") + 1]
    assert done["status"] == 0, done
    assert all(abs(e["time"] - events[1]["time"]) < 3600 for e in events[1:])


FOLDER = sys.argv[1]
match(load("list.json"), [NODE], "list")
match(load("show.json"), FULL, "show")
match(load("log.json"), [LOG], "log")
match(load("explain.json"), EXPLAIN, "explain")
match(load("timeline.json"), TIMELINE, "timeline")
LINE = load("timeline.json")
assert LINE["status"] == 0 and LINE["bars"], LINE
check_pictures(len(LINE["bars"]))
check_events(LINE["node"])
