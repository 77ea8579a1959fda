# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A folder that looks like /sys with devreset loaded: for tools/test.sh, which sources this.
# It shows what devresetctl reads and what it writes where; what a kernel makes of that is
# for tests/tool.sh.

# fake_node NAME SCOPE PARENT DEVICE DRIVER SUPPORTED METHODS: of a device below $sys/devices
fake_node() {
	local node=$sys/class/devreset/$1 file

	mkdir -p "$node"/{policy,last,stats} "$sys/devices/$4"
	echo healthy >"$node/state"
	echo "$2" >"$node/scope"
	[ ! "$3" ] || ln -s "../$3" "$node/reset_parent"
	ln -s "../../../devices/$4" "$node/device"
	if [ "$5" ]; then
		mkdir -p "$sys/bus/drivers/$5"
		ln -sfn "$sys/bus/drivers/$5" "$sys/devices/$4/driver"
	fi
	echo "$6" >"$node/supported"
	echo "$7" >"$node/methods"
	: >"$node/reset"
	while read -r file value; do
		echo "$value" >"$node/$file"
	done <<-END
		policy/auto 1
		policy/ceiling function
		policy/max_attempts 2
		policy/retry_interval_ms 3000
		policy/reset_timeout_ms 10000
		policy/check_interval_ms 2000
		policy/check_idle 0
		policy/probation_ms 10000
		policy/max_recoveries 5
		policy/window_ms 600000
		policy/rebind never
		policy/final keep
		policy/return_ms 30000
		last/status 0
		last/scope none
		last/reason none
		last/duration_us 0
		last/attempts 0
		last/cured_by none
		last/method none
		last/time 0.000
		last/requester none
		stats/requests 0
		stats/joined 0
		stats/successes 0
		stats/failures 0
		stats/escalations 0
		stats/hangs 0
		stats/attempts 0
		stats/timeouts 0
		stats/soft_errors 0
		stats/external 0
		stats/quiesced 0
		stats/downtime_ms 0
	END
}

# fake_device BUS NAME PATH FILE=TEXT...: that the bus lists
fake_device() {
	local bus=$1 name=$2 folder=$sys/devices/$3 pair
	shift 3

	mkdir -p "$folder" "$sys/bus/$bus/devices"
	[ "$bus" = net ] || ln -s "../../../${folder#"$sys"/}" "$sys/bus/$bus/devices/$name"
	for pair; do echo "${pair#*=}" >"$folder/${pair%%=*}"; done
	ln -sfn "$sys/bus/$bus" "$folder/subsystem"
}

# fake_sys FOLDER: a disk, a NIC with its bus, a USB modem
fake_sys() {
	sys=$1
	mkdir -p "$sys"/{class/devreset,class/net,kernel/debug/devreset,bus/drivers}
	: >"$sys/class/devreset/manage"
	: >"$sys/class/devreset/unmanage"
	fake_device pci 0000:01:00.0 pci0000:00/0000:01:00.0 vendor=0x1b36 device=0x0010 \
		class=0x010802 modalias=pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02
	fake_device pci 0000:02:00.0 pci0000:00/0000:02:00.0 vendor=0x8086 device=0x100e \
		class=0x020000 modalias=pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00
	fake_device usb usb1 pci0000:00/usb1 idVendor=1d6b idProduct=0002 bDeviceClass=09
	fake_device usb 1-1 pci0000:00/usb1/1-1 idVendor=1199 idProduct=9071 bDeviceClass=00
	fake_device usb 1-1:1.0 pci0000:00/usb1/1-1/1-1:1.0 bInterfaceClass=ff \
		modalias=usb:v1199p9071d0006dc00dsc00dp00icFFiscFFipFFin00
	fake_device net eth0 pci0000:00/0000:02:00.0/net/eth0 address=52:54:00:00:00:01
	ln -s ../../devices/pci0000:00/0000:02:00.0/net/eth0 "$sys/class/net/eth0"
	ln -s ../.. "$sys/devices/pci0000:00/0000:02:00.0/net/eth0/device"
	fake_device net wwan0 pci0000:00/usb1/1-1/1-1:1.0/net/wwan0 address=52:54:00:00:00:02
	ln -s ../../devices/pci0000:00/usb1/1-1/1-1:1.0/net/wwan0 "$sys/class/net/wwan0"
	ln -s ../.. "$sys/devices/pci0000:00/usb1/1-1/1-1:1.0/net/wwan0/device"
	mkdir -p "$sys/bus/drivers/qmi_wwan"
	ln -s "$sys/bus/drivers/qmi_wwan" "$sys/devices/pci0000:00/usb1/1-1/1-1:1.0/driver"

	fake_node pcibus-0000:02 platform "" pci0000:00 "" platform \
		"0000:02:00.0 e1000 refused: has no reset handlers and policy/rebind is never"
	fake_node pci-0000:02:00.0 function pcibus-0000:02 pci0000:00/0000:02:00.0 e1000 \
		"function platform" "0000:02:00.0 e1000 rebind"
	fake_node net-eth0 component pci-0000:02:00.0 pci0000:00/0000:02:00.0/net/eth0 "" \
		"component function platform" "eth0 - none"
	fake_node netring-eth0:tx member net-eth0 pci0000:00/0000:02:00.0/net/eth0 "" \
		"component function platform" "eth0 - none"
	fake_node pci-0000:01:00.0 function "" pci0000:00/0000:01:00.0 nvme function \
		"0000:01:00.0 nvme reset_done"
	cat >"$sys/kernel/debug/devreset/tree" <<-END
		pcibus-0000:02 platform healthy dumps=0 dumps_cut=0
		  pci-0000:02:00.0 function healthy dumps=0 dumps_cut=0
		    net-eth0 component healthy dumps=0 dumps_cut=0
		pci-0000:01:00.0 function healthy managed dumps=0 dumps_cut=0
	END
	cat >"$sys/kernel/debug/devreset/log" <<-END
		pci-0000:01:00.0 #1 1700000000.250 asked=function requester=bash[7] status=0 attempts=1 cured_by=pci-0000:01:00.0 method=reset_done duration_us=40000 reason="operator"
		  pci-0000:01:00.0 status=0 method=reset_done claim=10 quiesce=5000 reset=20000 restore=22000 resume=39000 check=40000
		net-eth0 #1 1700000100.000 asked=recover requester=hang status=0 attempts=3 cured_by=pci-0000:02:00.0 method=rebind duration_us=4200000 reason="a <queue> & "ring" is stuck"
		  net-eth0 status=-5 method=none claim=20 quiesce=1000 reset=200000
		  net-eth0 status=-110 method=none claim=3200100 quiesce=3201000 reset=3400000
		  pci-0000:02:00.0 status=0 method=rebind claim=3400050 quiesce=3500000 reset=3600000 restore=3650000 resume=4100000 check=4200000
		net-eth0 #2 1700000200.000 asked=component requester=a b = c[8] status=-16 attempts=0 cured_by=none method=none duration_us=15 reason="operator"
	END
}
