#!/bin/bash
# Suspends, as far as they go without losing the machine, against resets and hangs
# contracts: DR12
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# append: no_console_suspend
# timeout: 150
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=$(node "edu-$edu")
echo freezer >/sys/power/pm_test
echo 0 >/sys/module/suspend/parameters/pm_test_delay

race "suspends against resets" 15:3000 \
	"suspend:EBUSY,EAGAIN:mem>/sys/power/state" \
	"function:EALREADY,EBUSY,EINTR,ETIMEDOUT:function>$member/reset" \
	"work:EINTR:5>$pci/$edu/factorial"
race "suspends against the ladder" 15:3000 \
	"suspend:EBUSY,EAGAIN:mem>/sys/power/state" \
	"recover:EALREADY,EBUSY,EINTR,ETIMEDOUT:recover>$member/reset"
all_settled
expect 120 sh -c "echo 5 >$pci/$edu/factorial; cat $pci/$edu/factorial"
ok "the device works"
