#!/bin/bash
# Resets of one node, of a node and those above it, and resets by others, all at once
# contracts: DR1 DR2 DR8 DR12
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# timeout: 250
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=$(node "edu-$edu") function=$(node "pci-$edu") bus=$(node "pcibus-${edu%:*}")
# A slow, shared machine must not run into deadlines that are not the subject
for n in "$member" "$function" "$bus"; do
	echo 60000 >"$n/policy/reset_timeout_ms"
done

race "the same node, twice" 250:100000 \
	"a:EALREADY:function>$member/reset" "b:EALREADY:function>$member/reset"
race "a node, and the one above" 250:100000 \
	"function:EALREADY:function>$function/reset" "bus:EALREADY:platform>$bus/reset"
race "all the ways to the top, and the ladder" 75:30000 \
	"member:EALREADY:function>$member/reset" "platform:EALREADY:platform>$member/reset" \
	"bus:EALREADY:platform>$bus/reset" "recover:EALREADY:recover>$member/reset"
# The lock of the device is only tried (rule 4): they must let go of it now and then
race "resets by others" 250:100000 \
	"ours:EALREADY:function>$member/reset" "theirs:EAGAIN:1>$pci/$edu/reset+40"
race "resets, with work outstanding and hangs found" 50:20000 \
	"work::5>$pci/$edu/factorial" "ours:EALREADY:function>$member/reset" \
	"idle::1>$member/policy/check_idle+0>$member/policy/check_idle"

all_settled
requests_add_up "$member" "$function" "$bus"
expect 120 sh -c "echo 5 >$pci/$edu/factorial; cat $pci/$edu/factorial"
expect ok cat "$pci/$edu/liveness"
ok "the device works"
