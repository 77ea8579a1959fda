#!/bin/bash
# Unplugging, binding anew, deauthorizing, suspending and removing the module, each against resets of every kind under I/O
# contracts: US2 US6 DR4 DR8 DR12
# append: no_console_suspend
# timeout: 200
# kernels: debug

. "${DEVRESET_TOP:-.}/tests/lib.sh"
. "$DEVRESET_TOP/tests/lib-usb.sh"

hosts 1
load
gadget zero SourceSink.0 Loopback.0
plug zero
wait_for 30 bound zero
d=$(usb_of zero)
one=$d:1.0
node=$class/usbif-$one device=$class/usb-$d port=$class/usbport-$d
driver=/sys/bus/usb/drivers/devreset_usb
connect=/sys/class/udc/dummy_udc.0/soft_connect
gone=EALREADY,ENODEV,ENOENT,EBUSY,ETIMEDOUT,EIO,EINVAL,ESHUTDOWN,EPIPE,EPROTO,EHOSTUNREACH

# Somebody always reads and writes, whatever comes of it
python3 -IS - <<'END' &
import os, threading, time

def work(mode, call):
    while True:
        try:
            fd = os.open("/dev/devreset_usb0", mode)
        except OSError:
            time.sleep(0.01)
            continue
        try:
            while True:
                call(fd)
        except OSError:
            os.close(fd)

threading.Thread(target=work, args=(os.O_RDONLY, lambda fd: os.read(fd, 65536))).start()
work(os.O_WRONLY, lambda fd: os.write(fd, bytes(65536)))
END
worker=$!
trap 'kill -9 $worker' EXIT

# works: it can be reset, and moves something
works() {
	wait_for 60 bound zero
	wait_for 60 is healthy "$node/state"
	local before
	before=$(<"$usb/$one/bytes_out")
	wait_for 60 eval "[ \$(<$usb/$one/bytes_out) -gt $before ]"
}

resets=("component:$gone:component>$node/reset" "function:$gone:function>$device/reset")
works
race "binding the interface anew against resets" 40 \
	"bind:ENODEV,ENOENT,EBUSY:$one>$driver/unbind+$one>$driver/bind" "${resets[@]}"
works
race "binding the device anew against resets" 10 \
	"bind:ENODEV,ENOENT,EBUSY:$d>/sys/bus/usb/drivers/usb/unbind+$d>/sys/bus/usb/drivers/usb/bind" \
	"${resets[@]}"
works
race "deauthorizing against resets" 10 \
	"authorize:ENODEV,ENOENT:0>$usb/$d/authorized+1>$usb/$d/authorized" "${resets[@]}"
works

# Unplugged whenever one is under way
rounds=$(rounds 5)
python3 -IS "$DEVRESET_TOP/tests/race.py" 10000 1000000 "${resets[@]}" >/run/race 2>&1 &
racer=$!
for ((i = 0; i < rounds; i++)); do
	wait_for 60 bound zero
	wait_for 60 grep -q ' claimed' /sys/kernel/debug/devreset/tree
	echo disconnect >$connect
	wait_for 60 [ ! -e "$port" ]
	echo connect >$connect
done
kill $racer || fail "unplugging: $(cat /run/race)"
wait $racer || true
works
ok "unplugging against resets, $rounds rounds"

race "resets of the port against others" 5 "port:$gone:platform>$port/reset" "${resets[@]}"
works

# Devices are put to sleep, and wake up
echo devices >/sys/power/pm_test
echo 0 >/sys/module/suspend/parameters/pm_test_delay
race "suspends against resets" 8 "suspend:EBUSY,EAGAIN,EIO:mem>/sys/power/state" \
	"component:$gone,EINTR:component>$node/reset" "function:$gone,EINTR:function>$device/reset"
works

rounds=$(rounds 3)
for ((i = 0; i < rounds; i++)); do
	python3 -IS "$DEVRESET_TOP/tests/race.py" 200 15 "${resets[@]}" >/run/race 2>&1 &
	racer=$!
	wait_for 60 rmmod devreset_usb
	insmod "$DEVRESET_MODDIR/devreset_usb.ko"
	wait $racer || fail "$(cat /run/race)"
done
works
ok "$rounds removals of the module under resets"

all_settled
kill -9 $worker
unplug zero
wait_for 30 [ ! -e "$port" ]
unload
ok "nothing is left when the modules are gone"
