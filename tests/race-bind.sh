#!/bin/bash
# Resets against unbind and bind, and against the removal of the module
# contracts: DR4 DR8
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# timeout: 300
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=$(node "edu-$edu") function=$(node "pci-$edu")
driver=/sys/bus/pci/drivers/$(basename "$(readlink "$pci/$edu/driver")")
gone=EALREADY,ENODEV,ENOENT,EBUSY,EOPNOTSUPP,ETIMEDOUT,EIO

race "unbind and bind against resets of the member and of the function" 40:10000 \
	"bind::$edu>$driver/unbind+20+$edu>$driver/bind+100" \
	"member:$gone:function>$member/reset" "function:$gone:function>$function/reset"
race "unbind and bind against the ladder" 15:3000 \
	"bind::$edu>$driver/unbind+20+$edu>$driver/bind+100" \
	"recover:$gone:recover>$member/reset" "platform:$gone:platform>$member/reset"
all_settled
expect 120 sh -c "echo 5 >$pci/$edu/factorial; cat $pci/$edu/factorial"
ok "the device works"

race_begin "member:$gone:function>$member/reset" "recover:$gone:recover>$member/reset"
n=$(rounds 12:3000)
for ((i = 0; i < n; i++)); do
	wait_for 30 grep -q ' claimed' /sys/kernel/debug/devreset/tree
	# A write that is under way holds the module
	wait_for 60 rmmod devreset_pci
	insmod "$DEVRESET_MODDIR/devreset_pci.ko"
done
race_end "$n removals of the module under resets"
all_settled
expect 120 sh -c "echo 5 >$pci/$edu/factorial; cat $pci/$edu/factorial"
ok "the device works"
unload
[ ! -e $class ] || fail "something is left of it"
ok "nothing is left when the modules are gone"
