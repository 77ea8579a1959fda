#!/bin/bash
# A function-level reset of one NVMe drive is felt by no other function, of the same slot or elsewhere
# contracts: DR1 DR8 DR9
# qemu: -drive if=none,id=d1,file=/bin/busybox,format=raw,readonly=on
# qemu: -drive if=none,id=d2,file=/bin/busybox,format=raw,readonly=on
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device nvme,serial=one,drive=d1,bus=rp1,multifunction=on,addr=0.0
# qemu: -device nvme,serial=two,drive=d2,bus=rp1,addr=0.1
# qemu: -device edu,bus=rp1,addr=0.2
# qemu: -device pcie-root-port,id=rp2,chassis=2
# qemu: -device edu,bus=rp2

. "${DEVRESET_TOP:-.}/tests/lib.sh"

modprobe nvme
load
one=$(pci_of 1b36:0010 1) two=$(pci_of 1b36:0010 2)
near=$(pci_of 1234:11e8 1) far=$(pci_of 1234:11e8 2)
disk() { basename "$pci/$1"/nvme/nvme*/nvme*n1; }
wait_for 30 [ -b "/dev/$(disk "$one")" ]
wait_for 30 [ -b "/dev/$(disk "$two")" ]
put "pci $one" $class/manage
put "pci $two" $class/manage
target=pci-$one
expect "function platform" cat "$class/$target/supported"

# Past the page cache
same() { cmp -n $((256 * 1024)) <(dd "if=/dev/$(disk "$1")" iflag=direct bs=64k count=4 status=none) /bin/busybox; }
answer() { [ "$(factorial "$1" 12)" = 479001600 ]; }

# loop NAME COMMAND...: over and over; what fails is told
loop() {
	local name=$1 n=0
	shift

	until [ -e /run/stop ]; do
		"$@" || echo "$* failed"
		n=$((n + 1))
		echo $n >"/run/$name.done"
	done >"/run/$name.wrong" 2>&1
}
progress() { local n=; until [ "$n" ]; do n=$(<"/run/$1.done"); done; echo "$n"; }
further() { [ "$(progress "$1")" -gt "$2" ]; }
all_further() {
	local name n

	for name in one two near far; do
		n=$(progress $name)
		wait_for 60 further $name $((n + 1))
	done
}

# Every counter and state but the target's
siblings() { (cd $class && grep -H . -- */stats/* */state | grep -v "^$target/"); }

loop one same "$one" &
loop two same "$two" &
loop near answer "$near" &
loop far answer "$far" &
for name in one two near far; do
	wait_for 30 [ -s /run/$name.done ]
done
ok "all four functions are at work"

# On a slow machine an edu may be at work for so long that it is looked at
policy "edu-$near" check_interval_ms=0
policy "edu-$far" check_interval_ms=0
before=$(siblings)
trace_on devreset
for n in 1 2 3; do
	reset "$target" function
	expect "0 function 1 $target operator" last "$target"
	expect "attempts=$n quiesced=$n requests=$n successes=$n" stats "$target"
	all_further
done
trace_off
ok "DR9: three function-level resets of an NVMe drive that was at work"

expect "$before" siblings
# The other drive is managed too, and so looked at now and then
expect "" eval "steps 'node=(pcibus|edu|pci-($two|$near|$far))' | grep -v '^check node=pci-$two status=0'"
ok "DR1: no counter or state of any other node has changed, none was stopped or started"

touch /run/stop
wait
for name in one two near far; do
	expect "" cat /run/$name.wrong
done
for edu in "$near" "$far"; do
	expect "$(<"$pci/$edu/submitted")" cat "$pci/$edu/completed"
	expect 0 cat "$pci/$edu/replayed"
done
ok "DR1: none of the others lost anything; nor did the drive itself"

same "$one"
expect healthy cat "$class/$target/state"
ok "DR1: the drive works"
unload
