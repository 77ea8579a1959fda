#!/bin/bash
# Three errors in a row of any kind that may be the device's fault are a hang, two are not, nor are those of other kinds
# contracts: DR6 US4
# timeout: 60

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
gadget zero SourceSink.0
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
one=$d:1.0 node=usbif-$d:1.0
c=$(chardev "$one")
policy "$node" max_recoveries=100 retry_interval_ms=100 probation_ms=0 ceiling=component
# What is suspected, and has nothing to do, is waited for so long
echo $((250 * DEVRESET_SCALE)) >/sys/module/devreset_usb/parameters/stall_ms
insmod "$DEVRESET_MODDIR/devreset_usb_status.ko"
parameters=/sys/module/devreset_usb_status/parameters

# send STATUS N: of N+1 writes of one URB each, all but the last end with that
sent=0
send() {
	local i

	echo "$1" >$parameters/status
	echo "$2" >$parameters/count
	for ((i = 0; i <= $2; i++)); do
		head -c 512 /dev/zero >"$c"
	done
	expect 0 cat $parameters/count
	sent=$((sent + 512 * ($2 + 1)))
	expect $sent cat "$usb/$one/bytes_out"
}

# receive STATUS N: the same, of those that receive, of which many fly
receive() {
	echo "$1" >$parameters/status
	echo "$2" >$parameters/count
	dd if="$c" of=/dev/null bs=64k count=16 iflag=fullblock status=none
	expect 0 cat $parameters/count
}

hangs=0
declare -A status=([EPROTO]=71 [EILSEQ]=84 [ETIME]=62 [EPIPE]=32 [EOVERFLOW]=75 [ECOMM]=70 [ENOSR]=63)
for way in send receive; do
	[ $way = send ] || echo Y >$parameters/in
	for name in "${!status[@]}"; do
		for _ in 1 2; do
			$way -"${status[$name]}" 2
			expect $hangs cat "$class/$node/stats/hangs"
		done
		$way -"${status[$name]}" 3
		hangs=$((hangs + 1))
		wait_for 30 is $hangs "$class/$node/stats/successes"
		expect $hangs cat "$class/$node/stats/hangs"
		expect "0 component 1 $node three errors in a row" last "$node"
		ok "$name, $way: three in a row are a hang; two, one that succeeds, and two are none"
	done
	for name in EREMOTEIO=121 ENOENT=2; do
		$way -"${name#*=}" 5
		expect $hangs cat "$class/$node/stats/hangs"
		expect healthy cat "$class/$node/state"
		ok "${name%=*}, $way: five in a row are none"
	done
done
rmmod devreset_usb_status
unload
