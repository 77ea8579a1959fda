#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boot a kernel in QEMU and run a script from tests/ in it, as root, with this
# machine's own files as a root file system of which every change is thrown away.
#
#   scripts/vm.sh [-k stock|debug] [-t seconds] [-q "qemu arguments"]
#                 [-m "kernel arguments"] tests/NAME.sh | --shell
#
# -k  the newest installed kernel (default), or the debug kernel
# -t  the time it may take on a fast machine (120); it gets twice that on a kernel
#     with checkers, and four times where QEMU has to emulate the processor
# -q  more arguments for QEMU, such as -device; -m the same for the kernel
#
# The script's head may hold "# qemu:", "# append:" and "# timeout:" lines, which mean
# the same, "# devices: still", and "# ynl: yes" and "# prometheus: yes", for which scripts/ynl.sh and
# scripts/prometheus.sh are called; @tmp@ is a folder for QEMU's own files. Prints what the script prints, and returns its exit status. 124 is a
# time-out, 125 a kernel that complained or died: then its log follows.
# --shell gives an interactive guest; leave it with "exit".
#
# From the environment: DEVRESET_MODDIR, a folder with modules to use instead of
# building them; DEVRESET_ACCEL, kvm or tcg, instead of finding out what works;
# DEVRESET_LOG, a file to leave the kernel's log in; SOAK, which is passed on to
# the guest and lifts the time-out.

. "$(dirname "$0")/common.sh"

kernel=stock qemu=() append='' limit='' ynl='' prometheus=''
while [ $# -gt 1 ]; do
	case $1 in
	-k) kernel=$2 ;;
	-t) limit=$2 ;;
	-q) read -ra words <<<"$2"; qemu+=("${words[@]}") ;;
	-m) append+=" $2" ;;
	*) break ;;
	esac
	shift 2
done
[ $# = 1 ] || die "see the head of this file"

tmp=$(mktemp -d)
qemu_pid=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
	[ -z "$qemu_pid" ] || { kill "$qemu_pid" && wait "$qemu_pid"; } 2>/dev/null || true
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What the script's head asks for
header() { [ -z "$script" ] || sed -n "/^[^#]/q; s/^# $1: *//p" "$script"; }
if [ "$1" = --shell ]; then
	script=
	qemu+=(-device "pcie-root-port,id=rp1,chassis=1" -device "edu,bus=rp1"
		-device "pcie-root-port,id=rp2,chassis=2" -device "nvme,serial=1,bus=rp2"
		-device "pcie-root-port,id=rp3,chassis=3" -device "qemu-xhci,bus=rp3")
else
	script=$(readlink -f "$1")
	[ -r "$script" ] || die "no script $1"
	read -ra words <<<"$(header qemu | sed "s|@tmp@|$tmp|g" | xargs)"
	qemu=("${words[@]}" "${qemu[@]}")
	append="$(header append | xargs)$append"
	limit=${limit:-$(header timeout)}
	[ -z "$(header prometheus)" ] || prometheus=$("$top/scripts/prometheus.sh" 2>/dev/null) || true
	[ -z "$(header ynl)" ] || ynl=$("$top/scripts/ynl.sh" 2>/dev/null) || true
fi
limit=${limit:-120}

if [ "$kernel" = debug ]; then
	folder=$("$top/scripts/kernel.sh" debug)
	image=$folder/arch/x86/boot/bzImage
	modroot=$folder/rootmod
	release=$(cat "$folder/include/config/kernel.release")
	scale=2
else
	scale=1
	release=$(stock_release)
	image=/boot/vmlinuz-$release
	modroot=
fi

# initramfs FOLDER: busybox, and the modules that reaching the 9p root takes
initramfs() {
	local dir=$1 name

	mkdir -p "$dir"/{bin,modules,root}
	cp /bin/busybox "$dir/bin/"
	cp "$top/scripts/guest-init" "$dir/init"
	for name in virtio_pci 9pnet_virtio 9p overlay; do
		/sbin/modprobe -d "$modroot/" -S "$release" --show-depends "$name"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$dir/order"
	xargs -r cp -t "$dir/modules" <"$dir/order"
	sed -i 's|.*/|/modules/|' "$dir/order"
	{
		printf '%s=%q\n' DEVRESET_TOP "$top" DEVRESET_KERNEL "$kernel" \
			DEVRESET_MODDIR "$moddir" DEVRESET_MODROOT "$modroot" \
			DEVRESET_SCRIPT "$script" YNL "$ynl" PROMETHEUS "$prometheus" DEVRESET_LIMIT "$told" \
			DEVRESET_SCALE "$scale" SOAK "${SOAK-}" TERM "${TERM-dumb}"
	} >"$dir/env"
	# To ask Python in there takes seconds
	python3 -IS -c 'import errno, os, shlex
for number, name in errno.errorcode.items():
	print(f"strerror[{name}]={shlex.quote(os.strerror(number))}")' >"$dir/strerror"
	(cd "$dir" && find . | cpio -o -H newc --quiet) >"$dir.cpio"
}

# A kernel must reach user space under KVM; opening /dev/kvm proves too little.
# The answer holds until the machine boots again.
accelerator() {
	local known dir=$tmp/probe

	known=$cache/kvm-$(cat /proc/sys/kernel/random/boot_id)
	if [ "${DEVRESET_ACCEL-}" ]; then
		echo "$DEVRESET_ACCEL"
		return
	elif [ ! -w /dev/kvm ]; then
		echo tcg
		return
	elif [ ! -e "$known" ]; then
		mkdir -p "$dir/bin" "$cache"
		cp /bin/busybox "$dir/bin/"
		# shellcheck disable=SC2016 # for the guest
		printf '#!/bin/busybox sh\n/bin/busybox echo user space >/dev/console\n%s\n' \
			'/bin/busybox poweroff -f' >"$dir/init"
		chmod +x "$dir/init"
		(cd "$dir" && find . | cpio -o -H newc --quiet) >"$dir.cpio"
		if timeout 15 qemu-system-x86_64 -accel kvm -M q35 -m 512 -nodefaults \
			-display none -serial stdio -no-reboot -kernel "$image" \
			-initrd "$dir.cpio" -append "console=ttyS0 panic=-1" \
			</dev/null 2>&1 | grep -q '^user space'; then
			echo kvm
		else
			echo tcg
		fi >"$tmp/known"
		find "$cache" -maxdepth 1 -ignore_readdir_race -name 'kvm-*' ! -path "$known" -delete
		mv "$tmp/known" "$known"
	fi
	cat "$known"
}

# As the accelerator, it is found out once after each boot
tsc_khz() {
	local known

	known=$cache/tsc-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$known" ]; then
		mkdir -p "$cache"
		gcc -O2 -o "$tmp/tsc_khz" "$top/tools/tsc_khz.c" || return
		"$tmp/tsc_khz" >"$known.$$" || return
		find "$cache" -maxdepth 1 -ignore_readdir_race -name 'tsc-*' ! -path "$known*" -delete
		mv "$known.$$" "$known"
	fi
	cat "$known"
}

# Before 8.2 QEMU gives a processor that it emulates in a thread of its own a new map
# of the memory before it has it forget the old one. When a device comes, goes or is
# reset, accesses of the other processors may end up at the wrong device: one that was
# meant for the interrupt controller stops the timer of that processor for good. In
# one thread that cannot be. "# devices: still" says that no device is touched.
threads() {
	local version

	version=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	if [ "$(header devices)" != still ] &&
		[ "$(printf '%s\n' 8.2 "$version" | sort -V | head -n 1)" != 8.2 ]; then
		echo ,thread=single
	fi
}

moddir=${DEVRESET_MODDIR-$tmp/modules}
[ -d "$moddir" ] || "$top/scripts/build.sh" -k "$kernel" -o "$moddir"
accel=$(accelerator)
if [ "$accel" != kvm ]; then
	scale=$((scale * 4))
	[ "$accel" != tcg ] || accel+=$(threads)
fi
limit=$((limit * scale))
[ -z "${SOAK-}" ] || limit=infinity
# The guest's limit; where instructions are counted, its time is another one
told=$limit counted=
[[ " ${qemu[*]} " != *" -icount "* ]] || counted=1 told=infinity
initramfs "$tmp/init"

# A busy host lets a processor wait for seconds: that is not the kernel's fault
patient="no_timer_check watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60"

# Emulated, a program begins in two thirds of the time if all find their libraries at
# the same addresses, whose translation is known then; if the time is read from the
# processor, of which all share one counter, and not from the chip set's clock; and if
# memory is cleared and copied by words, where ERMS would have it by bytes.
# The counter is this machine's own, unless QEMU counts instructions. A guest told its
# frequency need not measure it: where many run at once one was wrong by a factor of 50,
# and so was all time in it.
processor=max quick=''
if [ "$accel" != kvm ]; then
	processor=max,erms=off,fsrm=off quick="norandmaps tsc=reliable"
	if [ "$(uname -m)" = x86_64 ] && [ ! "$counted" ]; then
		khz=$(tsc_khz)
		quick+=" tsc_early_khz=$khz"
	fi
fi

# Kernel log on the first serial port, the script's output on the second, QEMU's
# own monitor on the third: it connects to itself, so nothing relays.
log=$tmp/log
: >"$log"
# shellcheck disable=SC2054 # the commas are QEMU's
command=(
	qemu-system-x86_64 -M q35 -accel "$accel" -cpu "$processor" -smp 2 -m 1024
	-nodefaults -display none -no-reboot
	-kernel "$image" -initrd "$tmp/init.cpio"
	-append "console=ttyS0 panic=-1 oops=panic sysctl.kernel.hung_task_panic=1 sysctl.kernel.hung_task_all_cpu_backtrace=1 printk.devkmsg=on mitigations=off nokaslr $quick $patient $append"
	-chardev "file,id=log,path=$log" -serial chardev:log
	-chardev "stdio,id=out,signal=off" -serial chardev:out
	-chardev "socket,id=monitor,path=$tmp/qmp,server=on,wait=off"
	-mon chardev=monitor,mode=control
	-chardev "socket,id=qmp,path=$tmp/qmp" -serial chardev:qmp
	-virtfs "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
	"${qemu[@]}"
)

if [ -z "$script" ]; then
	"${command[@]}"
	exit
fi

# Passes the guest's output on, all but the last line, which is its exit status. The guest
# waits for an answer before it powers off, and gets it when its log is here to the end, too.
pass_on() {
	local line i

	while IFS= read -r line; do
		case $line in
		devreset-exit:*)
			echo "${line#devreset-exit:}" >"$tmp/status"
			for ((i = 0; i < 600; i++)); do
				! grep -aqF "$line" "$log" || break
				sleep 0.1
			done
			echo >&"$answer"
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# Open on this side for good, so that neither end waits for the other
mkfifo "$tmp/in" "$tmp/out"
exec {answer}<>"$tmp/in"
pass_on <"$tmp/out" &
reader=$!
# Should this script be killed outright, the machine goes with it
setpriv --pdeathsig TERM timeout -k 5 "$limit" "${command[@]}" \
	<"$tmp/in" >"$tmp/out" 2>"$tmp/stderr" &
qemu_pid=$!
result=0
wait "$qemu_pid" || result=$?
qemu_pid=
wait "$reader"
status=$(cat "$tmp/status" 2>/dev/null || true)

# The last word is the test's; but a complaint of the kernel outdoes success
if [ "$result" = 124 ]; then
	status=124
	echo "No end after $limit seconds"
elif [ -z "$status" ]; then
	status=125
	echo "The guest died, or was killed, before the script ended (QEMU: $result)"
elif ! grep -aqF "devreset-exit:$status" "$log"; then
	status=125
	echo "The end of the kernel's log is missing"
fi
if ! wrong=$("$top/scripts/splat.py" "$log"); then
	echo "The kernel complained:"
	echo "$wrong"
	[ "$status" != 0 ] || status=125
fi
if [ "$status" != 0 ]; then
	cat "$tmp/stderr"
	echo "--- kernel log"
	cat "$log"
	echo "--- end of kernel log"
fi
[ -z "${DEVRESET_LOG-}" ] || cp "$log" "$DEVRESET_LOG"
exit "$status"
