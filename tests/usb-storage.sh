#!/bin/bash
# A disk that is another interface of the same device: what is read from it is right while the device is being reset, and it stays the same disk
# contracts: US2 US4
# kernels: stock
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
modprobe usb-storage
modprobe sd_mod
gadget zero SourceSink.0 mass_storage.0
head -c 1M /dev/urandom >/run/image
echo /run/image >$gadgets/zero/functions/mass_storage.0/lun.0/file
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
node=usbif-$d:1.0
disk() { (cd "$usb/$d:1.1" && echo host*/target*/*/block/sd*); }
there() { [[ $(disk) == host*/sd[a-z] ]] && [ -b "/dev/$(basename "$(disk)")" ]; }
wait_for 30 there
name=$(disk) block=/dev/$(basename "$(disk)")

# Read, over and over, past the page cache
until [ -e /run/stop ]; do
	dd if="$block" of=/run/copy bs=64k iflag=direct status=none && cmp /run/image /run/copy && echo good
done >/run/told 2>&1 &
reader=$!
reads() { wc -l </run/told; }
more_reads() { [ "$(reads)" -gt "$before" ]; }

n=$(rounds 20:1000)
for ((i = 0; i < n; i++)); do
	before=$(reads)
	reset "$node" function
	reset "$node" component
	dd if=/dev/zero of="$(chardev "$d:1.0")" bs=64k count=1 status=none
	wait_for 30 more_reads
done
touch /run/stop
wait $reader
expect good sort -u /run/told
expect "$name" disk
expect $((2 * n)) cat "$class/$node/stats/successes"
ok "US2: read $(reads) times under $n resets of the device and $n of the pipes beside it: all good, and still $name"
unplug zero
wait_for 30 [ ! -e "$class/usbport-$d" ]
unload
