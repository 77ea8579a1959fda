#!/bin/bash
# Clients that hold channels, against unbind, resets, and removal of the modules
# contracts: DM5 DM7
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# append: log_buf_len=8M
# timeout: 150

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load_dma
edu=$(pci_of 1234:11e8)
pcidrv=/sys/bus/pci/drivers/edu
softdrv=/sys/bus/platform/drivers/devreset_dma
gone=EALREADY,ENODEV,ENOENT,EBUSY,EOPNOTSUPP,ETIMEDOUT,EIO

dmatest_run "" 1 0 test_buf_size=2048 timeout=60000
moving() { [ "$(</sys/class/dma/dma0chan3/devreset/completed)" -gt 0 ]; }
wait_for 20 moving
# Their channels are in use: they stay
! rmmod devreset_dma 2>/dev/null || fail "devreset_dma went with its channels in use"
! rmmod devreset_pci 2>/dev/null || fail "devreset_pci went with its channels in use"
ok "modules whose channels are in use stay"

# Their devices go all the same
echo "$edu" >$pcidrv/unbind
echo devreset_dma >$softdrv/unbind
[ -z "$(ls -d "$class"/dma* 2>/dev/null)" ] || fail "nodes are left"
ok "unbind does not wait for clients"
dmatest_stop
! dmesg | grep -E 'overwritten!|not copied!|was copied!|mismatch!' || fail "wrong data"
ok "and clients let go of what is gone"
echo devreset_dma >$softdrv/bind
echo "$edu" >$pcidrv/bind

# A client that comes and goes; most often it finds channels. It stays to the end:
# a client that is stopped in between frees its buffers first, and aborts the transfer then.
clients() {
	while [ ! -e /run/stop ]; do
		insmod "$DEVRESET_MODDIR/dmatest.ko" iterations=3 test_buf_size=512 timeout=60000 run=1
		cat /sys/module/dmatest/parameters/wait
		rmmod dmatest
	done
}
# Threads of it that had a channel, and have done
dmesg -C
sessions() { dmesg | grep -c 'dmatest: .*: summary '; }
clients_begin() {
	rm -f /run/stop
	clients >/dev/null 2>&1 &
	clients=$!
	had=$(sessions) || true
}
# clients_end N: so many at least had come since
clients_end() {
	local many

	touch /run/stop
	wait $clients
	many=$(($(sessions) - had))
	[ $many -ge "$1" ] || fail "only $many clients had a channel"
	! dmesg | grep "test timed out" || fail "a client was not told"
	echo "$many clients had a channel"
}

clients_begin
race "unbind and bind against clients and resets" 25:5000 \
	"soft::devreset_dma>$softdrv/unbind+20+devreset_dma>$softdrv/bind+100" \
	"chan:$gone:component>$class/dmachan-dma0chan0/reset" \
	"engine:$gone:function>$class/dma-dma0/reset"
clients_end 5
clients_begin
race "unbind and bind of edu, with its unit" 10:2000 \
	"edu::$edu>$pcidrv/unbind+20+$edu>$pcidrv/bind+200" \
	"function:$gone:function>$class/pci-$edu/reset"
clients_end 20
all_settled

# Refused while a client has a channel, and done in between
removals=$(rounds 10:2000) removed=0 refused=0
enough() { [ $removed -ge "$removals" ] && [ $refused -ge 20 ] && [ $(($(sessions) - had)) -ge 20 ]; }
clients_begin
until enough; do
	if rmmod devreset_dma 2>/dev/null; then
		insmod "$DEVRESET_MODDIR/devreset_dma.ko"
		removed=$((removed + 1))
	else
		refused=$((refused + 1))
	fi
done
clients_end 20
ok "$removed removals of the module in between of clients, refused $refused times"

dmatest_run devreset_dma 1 50 test_buf_size=512
expect "200 tests, 0 failures" dmatest_result 4
unit=$(basename "$pci/$edu"/devreset_pci.edu_dma.*)
dmatest_run "$unit" 1 1 test_buf_size=512
expect "2 tests, 0 failures" dmatest_result 2
unload
[ ! -e "$class" ] || fail "something is left of it"
ok "all works, and nothing is left when the modules are gone"
