# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for those who source this, or theirs
#
# USB devices without hardware, made by dummy_hcd and the kernel's own gadget
# functions or tests/gadget.py; for scenarios, which source it after lib.sh.

gadgets=/sys/kernel/config/usb_gadget
usb=/sys/bus/usb/devices

# hosts N: virtual host controllers, each with one device controller
hosts() {
	modprobe dummy_hcd num="$1"
	modprobe libcomposite
	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
}

# gadget NAME FUNCTION...: a gadget zero of these functions, such as SourceSink.0
gadget() {
	local g=$gadgets/$1 function
	shift

	mkdir "$g"
	echo 0x0525 >"$g/idVendor"
	echo 0xa4a0 >"$g/idProduct"
	mkdir "$g/strings/0x409" "$g/configs/c.1"
	echo "${g##*/}" >"$g/strings/0x409/serialnumber"
	for function; do
		mkdir "$g/functions/$function"
		ln -s "$g/functions/$function" "$g/configs/c.1/"
	done
}

# plug NAME [N]: into the Nth controller, counted from 0; unplug NAME
plug() { echo "dummy_udc.${2-0}" >"$gadgets/$1/UDC"; }
unplug() { echo "" >"$gadgets/$1/UDC"; }

# usb_of SERIAL: the device with that serial number, such as 1-1; adapter: QEMU's serial one
usb_of() { with "$1" serial; }
adapter() { with 6001 idProduct; }
with() {
	local file

	file=$(grep -lsx "$1" "$usb"/*/"$2" || true)
	[ -n "$file" ] && basename "${file%/"$2"}"
}

# bound SERIAL: it is there, and its first interface has our driver. The last node is the
# device's, which is made for those of its interfaces
bound() {
	local d
	d=$(usb_of "$1") && [ -e "$class/usbif-$d:1.0/reset" ] && [ -e "$class/usb-$d/reset" ]
}

# chardev INTERFACE, such as 1-1:1.0: its char device, which comes after its node
chardev() {
	local name

	wait_for 30 eval "ls $usb/$1/usbmisc | grep -q ."
	name=$(ls "$usb/$1/usbmisc")
	wait_for 30 [ -c "/dev/$name" ]
	echo "/dev/$name"
}

# numbers NAME [BLOCK]: a gadget made by tests/gadget.py, to be plugged; behind its
# interface come those of $also, such as mass_storage.0
numbers() {
	gadget "$1" "ffs.$1" ${also+"$also"}
	mkdir "/run/$1"
	mount -t functionfs "$1" "/run/$1"
	python3 -IS "$DEVRESET_TOP/tests/gadget.py" "/run/$1" "/run/$1.fifo" "${@:2}" \
		>"/run/$1.log" 2>&1 &
	numbers_pid=$!
	wait_for 30 grep -q ready "/run/$1.log"
}

# tell NAME COMMAND...: have tests/gadget.py do it; it has heard that when this returns
tell() {
	echo "${*:2}" >"/run/$1.fifo"
	count "$1" sent >/dev/null
}

# count NAME WHAT: sent, received, wrong or enabled
count() {
	local answer=/run/$1.$SRANDOM words word

	echo "count $answer" >"/run/$1.fifo"
	wait_for 30 [ -e "$answer" ]
	# No program: it is asked often, and to begin one is slow in an emulated guest
	read -ra words <"$answer"
	for word in "${words[@]}"; do
		[ "${word%%=*}" != "$2" ] || echo "${word#*=}"
	done
}

# counts NAME WHAT N: soon it is exactly that; the device may count after the host is told
counts() { wait_for 30 eval "[ \"\$(count $1 $2)\" = $3 ]"; }

# What reads and writes: see tests/usbio.py
usbio=(python3 -IS "$DEVRESET_TOP/tests/usbio.py")

# work INTERFACE: a process, $worker, always reads and writes, also after errors
work() {
	python3 -IS - "$usb/$1/usbmisc" <<'END' &
import os, sys, threading, time

def work(mode, call):
    while True:
        try:
            fd = os.open("/dev/" + os.listdir(sys.argv[1])[0], mode)
        except (OSError, IndexError):
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
}

# give_to_usbtest INTERFACE: which is ours
give_to_usbtest() {
	gcc -pthread -o /run/testusb "$("$DEVRESET_TOP/scripts/kernel.sh" source)/tools/usb/testusb.c"
	modprobe usbtest
	echo "$1" >/sys/bus/usb/drivers/devreset_usb/unbind
	echo "$1" >/sys/bus/usb/drivers/usbtest/bind
	expect usbtest basename "$(readlink "$usb/$1/driver")"
}

# usbtest NUMBER ARGUMENT...: one of its cases
usbtest() {
	/run/testusb -D "$usbtest_file" -t "$@" >/run/testusb.out 2>&1 || true
	grep -Eq "test $1, +[0-9.]+ secs" /run/testusb.out || fail "usbtest $*: $(cat /run/testusb.out)"
}

# usbtest_cases DEVICE: all that it has for pipes like those of gadget zero
usbtest_cases() {
	usbtest_file=$(printf '/dev/bus/usb/%03d/%03d' "$(<"$usb/$1/busnum")" "$(<"$usb/$1/devnum")")
	# Control: chapter 9, queued, halts of endpoints; a composite device has no others
	usbtest 9 -c 20
	usbtest 10 -c 5 -g 5
	usbtest 13 -c 20
	# Bulk: one at a time, of all sizes (from a source, whole packets), scattered, queued,
	# unlinked
	usbtest 1 -c 50 -s 4096
	usbtest 2 -c 50 -s 4096
	usbtest 3 -c 20 -s 4096 -v 421
	usbtest 4 -c 20 -s 4096 -v 512
	usbtest 5 -c 10 -s 4096 -g 16
	usbtest 6 -c 10 -s 4096 -g 16
	usbtest 7 -c 10 -s 4096 -g 16 -v 512
	usbtest 8 -c 10 -s 4096 -g 16 -v 512
	usbtest 11 -c 5 -s 4096
	usbtest 12 -c 5 -s 4096
	usbtest 24 -c 5 -s 4096 -g 5
	usbtest 27 -c 10 -s 16384 -g 8
	usbtest 28 -c 10 -s 16384 -g 8
	usbtest 29 -c 5
}
