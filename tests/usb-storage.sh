#!/bin/bash
# A disk that is another interface of the same device: what is read from it is right while the device is being reset, and it stays the same disk; in use, it is not taken away
# contracts: DR2 DR15 US1 US2 US4
# kernels: stock
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
modprobe usb-storage
modprobe sd_mod
gadget zero SourceSink.0 mass_storage.0
echo 0 >$gadgets/zero/functions/mass_storage.0/lun.0/removable
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

expect "$(printf '%s\n' "$d:1.0 devreset_usb reset_done" "$d:1.1 usb-storage reset_done")" \
	eval "sort $class/usb-$d/methods"
expect "$(printf '%s\n' "$d:1.0 devreset_usb rebind" "$d:1.1 usb-storage rebind")" \
	eval "sort $class/usbport-$d/methods"

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
expect none cat "$class/$node/last/method"
ok "US2: read $(reads) times under $n resets of the device and $n of the pipes beside it: all good, and still $name"

# How drivers get through it; usbtest is one that does not
device=usb-$d
put "usb $d" $class/manage
reset "$device" function
expect reset_done cat "$class/$device/last/method"
modprobe usbtest
echo "$d:1.0" >/sys/bus/usb/drivers/devreset_usb/unbind
expect "$(printf '%s\n' "$d:1.0 - none" "$d:1.1 usb-storage reset_done")" eval "sort $class/$device/methods"
echo "$d:1.0" >/sys/bus/usb/drivers/usbtest/bind
expect "$(printf '%s\n' "$d:1.0 usbtest rebind" "$d:1.1 usb-storage reset_done")" \
	eval "sort $class/$device/methods"
reset "$device" function
expect rebind cat "$class/$device/last/method"
# The first one that matches
expect devreset_usb basename "$(readlink "$usb/$d:1.0/driver")"
rmmod usbtest
echo 1 >"$usb/$d/avoid_reset_quirk"
expect "$(printf '%s\n' "$d:1.0 devreset_usb refused: it does not come back from a reset" \
	"$d:1.1 usb-storage refused: it does not come back from a reset")" eval "sort $class/$device/methods"
echo 0 >"$usb/$d/avoid_reset_quirk"
put "usb $d" $class/unmanage
ok "DR15: each driver's method is told before a reset, and the most invasive one after"
unplug zero
wait_for 30 [ ! -e "$class/usbport-$d" ]

# --- the interface beside it hangs

modprobe ext4
truncate -s 8M /run/image
mkfs.ext4 -q -F /run/image
also=mass_storage.1 numbers hang
lun=$gadgets/hang/functions/mass_storage.1/lun.0
echo 0 >$lun/removable
echo /run/image >$lun/file
plug hang
wait_for 30 bound hang
d=$(usb_of hang)
node=usbif-$d:1.0 device=usb-$d port=usbport-$d
wait_for 30 there
block=$(basename "$(disk)")
mount "/dev/$block" /mnt
echo data >/mnt/file
sync
# read_disk: from the device, not from memory
read_disk() { echo 3 >/proc/sys/vm/drop_caches && cat /mnt/file; }
policy "$node" ceiling=platform max_attempts=1 retry_interval_ms=100 probation_ms=0 check_interval_ms=200
policy "$device" max_attempts=1
tell hang mute told
head -c 65536 /dev/zero >"$(chardev "$d:1.0")" &
writer=$!
wait_for 60 is failed "$class/$node/state"
expect 1 cat "$class/$device/stats/attempts"
expect 0 cat "$class/$port/stats/attempts"
expect 1 logged "usb $d: $port: not reset: $block is mounted or held$"
expect data read_disk
ok "DR2: a mounted disk is not taken away because the interface beside it hangs"

refused EBUSY reset "$port" platform
refused EBUSY reset "$node" platform
expect 2 logged "usb $d: $port: not reset: $block is mounted or held; \"force\""
expect data read_disk
expect "$(printf '%s\n' "$d:1.0 devreset_usb rebind" \
	"$d:1.1 usb-storage refused: is in use: $block is mounted or held")" eval "sort $class/$port/methods"
expect "$d:1.1 usb-storage reset_done" grep usb-storage "$class/$device/methods"
ok "DR2: nor by an operator without \"force\", and the log says why"

tell hang mute 0
for i in {1..5}; do
	reset "$device" function
	expect data read_disk
	expect "$block" basename "$(disk)"
done
ok "US2: resets of the device, which the driver of a fixed disk handles, are done all the same"
wait $writer || true
umount /mnt

# Linux takes the reset of a removable medium for a change of it, if the first command is a readahead
unplug hang
wait_for 30 [ ! -e "$class/$port" ]
echo "" >$lun/file
echo 1 >$lun/removable
echo /run/image >$lun/file
plug hang
wait_for 30 bound hang
wait_for 30 there
block=$(basename "$(disk)")
mount "/dev/$block" /mnt
refused EBUSY reset "$device" function
expect 1 logged "usb $d: $device: not reset: $block is mounted or held; "
refused EBUSY reset "$node" function
expect data read_disk
umount /mnt
wait_for 30 eval "reset $device function"
ok "US2: with a removable disk that is mounted, they are not"

exec 5<"/dev/$block"
refused EBUSY reset "$port" platform
expect 1 logged "not reset: $block is open; "
before=$(<"$usb/$d/devnum")
reset "$port" "platform force"
expect "0 platform 1 $port" eval "last $port | cut -d ' ' -f 1-4"
[ "$(<"$usb/$d/devnum")" != "$before" ] || fail "the same device as before"
exec 5<&-
wait_for 30 bound hang
ok "with \"force\" it is done, in use or not"
kill $numbers_pid

# --- a disk that does not answer

modprobe -a loop dm_mod
wait_for 30 [ ! -e "$class/$port" ]
echo "0 16384 linear $(losetup -f --show /run/image) 0" | dmsetup create --noudevsync mute
wait_for 30 [ -b /dev/dm-0 ]
gadget mute mass_storage.2
lun=$gadgets/mute/functions/mass_storage.2/lun.0
echo 0 >$lun/removable
echo /dev/dm-0 >$lun/file
plug mute
wait_for 30 usb_of mute
d=$(usb_of mute) device=usb-$d
disk() { (cd "$usb/$d/$d:1.0" && echo host*/target*/*/block/sd*); }
wait_for 30 there
block=$(basename "$(disk)")
put "usb $d" $class/manage
policy "$device" reset_timeout_ms=1000 check_idle=0
dmsetup suspend --noudevsync mute
dd if="/dev/$block" of=/dev/null bs=64k iflag=direct status=none &
reader=$!
wait_for 30 eval "read -r _ _ _ _ _ _ _ _ n _ </sys/block/$block/stat && [ \$n -gt 0 ]"
SECONDS=0
refused ETIMEDOUT reset "$device" function
refused ETIMEDOUT reset "$device" function
[ $SECONDS -lt 20 ] || fail "it took $SECONDS s"
expect 1 eval "stats $device | grep -o 'attempts=[0-9]*' | cut -d = -f 2"
ok "a reset that waits for the driver of a disk that does not answer has a deadline; there is one at a time"
dmsetup resume --noudevsync mute
wait $reader || true
wait_for 60 reset "$device" function
ok "and is possible again when that has ended"
put "usb $d" $class/unmanage
unload
