#!/bin/bash
# The generic netlink family: every operation and event, bad input, users, listeners that do not read, and fuzz
# contracts: DR5 DR8 DR10 DR14 DR16
# qemu: -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# timeout: 240
# ynl: yes

. "${DEVRESET_TOP:-.}/tests/lib.sh"

# netlink STEP[=ARGUMENT]...: see tests/netlink.py
netlink() { python3 -BIS "$DEVRESET_TOP/tests/netlink.py" "$@" || fail "$*"; }
stock() { [ "$DEVRESET_KERNEL" = stock ]; }
gate="$DEVRESET_MODDIR/devreset_gate.ko"

load
# More than one message holds
insmod "$gate" members=100
netlink nodes interrupted
insmod "$gate"
netlink policy reset recover refusal cancel manage users
netlink many="$(stock && echo 1000 || echo 100)" fuzz="$(stock && echo 100000 || echo 5000)"

# What the kernel's own client makes of the specification
ynl() {
	(cd "$YNL" && PYTHONDONTWRITEBYTECODE=1 python3 tools/net/ynl/cli.py --no-schema \
		--spec "$DEVRESET_TOP/Documentation/netlink/specs/devreset.yaml" --output-json "$@")
}
if [ -d "$YNL" ]; then
	ynl --dump node-get >/run/nodes
	ynl --do policy-set --json '{"node": "gate", "policy": {"ceiling": "platform", "auto": 0}}' >/run/null
	expect "platform 0" eval "cat $class/gate/policy/{ceiling,auto} | xargs"
	ynl --do reset --json '{"node": "gate", "scope": "function"}' --subscribe events --sleep 1 >/run/reset
	python3 -IS - <<-'END'
		import json
		nodes = {n["node"]: n for n in json.load(open("/run/nodes"))}
		gate = nodes["gate"]
		assert gate["state"] == "healthy" and gate["scope"] == "function", gate
		assert gate["policy"]["rebind"] == "never" and "successes" in gate["stats"], gate
		reset = open("/run/reset").read().splitlines()
		assert json.loads(reset[0])["cookie"] > 0, reset
	END
	ok "the kernel's own ynl makes the same of the specification"
else
	echo "# ynl: not here"
fi

# Readers, while nodes and records come and go
netlink read=$((10 * DEVRESET_SCALE)) >/run/read1 &
one=$!
netlink read=$((10 * DEVRESET_SCALE)) >/run/read2 &
two=$!
for ((i = 0; i < 10; i++)); do
	rmmod devreset_gate
	rmmod devreset_pci
	insmod "$DEVRESET_MODDIR/devreset_pci.ko"
	insmod "$gate" members=30
done
wait $one || fail "$(cat /run/read1)"
wait $two || fail "$(cat /run/read2)"
ok "DR8: all is read while nodes come and go: $(sed 's/.*: *//; s/ok - //' /run/read1 /run/read2 | paste -sd ' ')"

# Nobody who listens holds the module
python3 -BIS - <<-END &
	import os, sys, time
	sys.path.insert(0, os.environ["DEVRESET_TOP"] + "/tests")
	from genl import Family
	ear = Family().listen()
	open("/run/listens", "w").close()
	time.sleep(1000)
END
ear=$!
wait_for 30 [ -e /run/listens ]
rmmod devreset_gate
unload
load
kill $ear
unload
ok "the modules go and come while somebody listens"
