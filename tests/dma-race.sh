#!/bin/bash
# Clients that hold channels, against unbind, resets, and removal of the modules
# contracts: DM5 DM7
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
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
# Somebody has their channels: they stay
! rmmod devreset_dma 2>/dev/null || fail "devreset_dma went with its channels in use"
! rmmod devreset_pci 2>/dev/null || fail "devreset_pci went with its channels in use"
ok "modules whose channels are in use stay"

# Their devices go all the same
echo "$edu" >$pcidrv/unbind
echo devreset_dma >$softdrv/unbind
[ -z "$(ls -d "$class"/dma* 2>/dev/null)" ] || fail "nodes are left"
ok "unbind does not wait for clients"
rmmod dmatest
! dmesg | grep -E 'overwritten!|not copied!|was copied!|mismatch!' || fail "wrong data"
ok "and clients let go of what is gone"
echo devreset_dma >$softdrv/bind
echo "$edu" >$pcidrv/bind
unit=$(basename "$pci/$edu"/devreset_pci.edu_dma.*)

# A client that comes and goes
clients() {
	while [ ! -e /run/stop ]; do
		insmod "$DEVRESET_MODDIR/dmatest.ko" iterations=3 test_buf_size=512 timeout=2000 run=1 || true
		rmmod dmatest
	done
}
clients >/dev/null 2>&1 &
clients=$!
race "unbind and bind against clients and resets" 15 \
	"soft::devreset_dma>$softdrv/unbind+20+devreset_dma>$softdrv/bind+100" \
	"chan:$gone:component>$class/dmachan-dma0chan0/reset" \
	"engine:$gone:function>$class/dma-dma0/reset"
race "unbind and bind of edu, with its unit" 4 \
	"edu::$edu>$pcidrv/unbind+20+$edu>$pcidrv/bind+200" \
	"function:$gone:function>$class/pci-$edu/reset"
touch /run/stop
wait $clients
all_settled

dmatest_run devreset_dma 1 50 test_buf_size=512
expect "200 tests, 0 failures" dmatest_result 4
unit=$(basename "$pci/$edu"/devreset_pci.edu_dma.*)
dmatest_run "$unit" 1 1 test_buf_size=512
expect "2 tests, 0 failures" dmatest_result 2
unload
[ ! -e "$class" ] || fail "something is left of it"
ok "all works, and nothing is left when the modules are gone"
