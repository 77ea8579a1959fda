#!/bin/bash
# A device is pulled while it is being reset, and plugged again
# contracts: DR4 DR8
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,id=edu1,bus=rp1
# timeout: 200
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=$(node "edu-$edu")
gone=EALREADY,ENODEV,ENOENT,EBUSY,EOPNOTSUPP,ETIMEDOUT,EIO,EAGAIN,ENOTTY

n=$(rounds 15:3000)
race_begin "function:$gone:function>$member/reset" "platform:$gone:platform>$member/reset"
for ((i = 0; i < n; i++)); do
	wait_for 30 grep -q ' claimed' /sys/kernel/debug/devreset/tree
	qmp '{"execute": "device_del", "arguments": {"id": "edu1"}}' >/dev/null
	wait_for 60 [ ! -e "$pci/$edu" ]
	wait_for 60 [ ! -e "$member" ]
	wait_for 30 qmp '{"execute": "device_add", "arguments": {"driver": "edu", "id": "edu1", "bus": "rp1"}}'
	wait_for 30 [ -e "$member/reset" ]
done
race_end "pulled and plugged $n times under resets"
all_settled
expect 120 sh -c "echo 5 >$pci/$edu/factorial; cat $pci/$edu/factorial"
ok "the device works"
