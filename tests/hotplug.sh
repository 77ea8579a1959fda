#!/bin/bash
# The machinery itself: a device is pulled and plugged while the guest runs
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,id=edu1,bus=rp1
# timeout: 30

. "${DEVRESET_TOP:-.}/tests/lib.sh"

address=$(pci_of 1234:11e8)
record_uevents /run/uevents

start=$EPOCHREALTIME
qmp '{"execute": "device_del", "arguments": {"id": "edu1"}}' >/dev/null
wait_for 10 [ ! -e "$pci/$address" ]
ok "device_del took effect after $((${EPOCHREALTIME/./} - ${start/./})) us"

# Until the guest has let go of it, the name is taken
start=$EPOCHREALTIME
wait_for 10 qmp '{"execute": "device_add", "arguments": {"driver": "edu", "id": "edu1", "bus": "rp1"}}'
wait_for 10 [ -e "$pci/$address" ]
ok "device_add took effect after $((${EPOCHREALTIME/./} - ${start/./})) us"

wait_for 10 grep -q "^remove@.*/$address$" /run/uevents
wait_for 10 grep -q "^add@.*/$address$" /run/uevents
ok "both were announced to user space"
