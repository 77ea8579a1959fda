#!/bin/bash
# The tree of nodes follows the device model: a function below a switch below a root port, its nodes come and go
# contracts: DR1 DR2 DR8
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device x3130-upstream,id=up,bus=rp1
# qemu: -device xio3130-downstream,id=down1,bus=up,chassis=2
# qemu: -device edu,bus=down1
# qemu: -device xio3130-downstream,id=down2,bus=up,chassis=3
# qemu: -device edu,bus=down2

. "${DEVRESET_TOP:-.}/tests/lib.sh"

# Nodes without the files of the class
nodes() { find $class -mindepth 1 -type l -printf '%f\n' | sort | paste -sd ' '; }
above() { basename "$(readlink "$class/$1/reset_parent")"; }
tree() { sed 's/ dumps=0 dumps_cut=0$//' /sys/kernel/debug/devreset/tree; }
driver=/sys/bus/pci/drivers/edu

insmod "$DEVRESET_MODDIR/devreset.ko"
expect "" nodes
expect "" tree
expect "manage unmanage" eval "ls $class | paste -sd ' '"
ok "DR8: no node without a device"

insmod "$DEVRESET_MODDIR/devreset_pci.ko"
one=$(pci_of 1234:11e8 1) two=$(pci_of 1234:11e8 2)
low1=pcibus-${one%:*} low2=pcibus-${two%:*}
top=$(above "$low1")
expect "edu-$one edu-$two pci-$one pci-$two $(printf '%s\n' "$top" "$low1" "$low2" | sort | paste -sd ' ')" nodes
ok "DR8: two bus nodes above a function below a switch, and none for the bus in the switch"

expect "pci-$one" above "edu-$one"
expect "$low1" above "pci-$one"
expect "$top" above "$low1"
expect "$top" above "$low2"
[ ! -L "$class/$top/reset_parent" ] || fail "something is above $top"
for node in "edu-$one" "pci-$one"; do
	expect "$(readlink -f "$pci/$one")" readlink -f "$class/$node/device"
done
expect "$(readlink -f "$pci/$one/..")" readlink -f "$class/$low1/device"
ok "DR8: reset_parent leads up the device model"

# whole: the tree with all in it; the order of siblings is that of registration
whole() {
	expect "$(cat <<-END
	$top platform healthy
	  $low1 platform healthy
	    pci-$one function healthy
	      edu-$one member healthy
	  $low2 platform healthy
	    pci-$two function healthy
	      edu-$two member healthy
	END
)" tree
}
whole
ok "DR8: debugfs shows the whole forest"

put "$one" $driver/unbind
expect "edu-$two pci-$two $(printf '%s\n' "$top" "$low2" | sort | paste -sd ' ')" nodes
put "$two" $driver/unbind
expect "" nodes
put "$two" $driver/bind
expect "edu-$two pci-$two $(printf '%s\n' "$top" "$low2" | sort | paste -sd ' ')" nodes
put "$two" $driver/unbind
put "$one" $driver/bind
put "$two" $driver/bind
whole
ok "DR8: nodes above go with the last that needs them, and come with the first"

rmmod devreset_pci
expect "" nodes
insmod "$DEVRESET_MODDIR/devreset_pci.ko"
whole
expect 120 factorial "$one" 5
ok "DR8: all go with the module, and come back with it"

for edu in "$one" "$two"; do
	expect "function platform" cat "$class/edu-$edu/supported"
done
for node in "$low1" "$top"; do
	expect platform cat "$class/$node/supported"
	expect platform cat "$class/$node/scope"
done

trace_on devreset
reset "edu-$one" platform
trace_off
expect "quiesced=1 requests=1 successes=1" stats "edu-$one"
expect "quiesced=1" stats "pci-$one"
expect "attempts=1 quiesced=1" stats "$low1"
expect "" steps "$top|$low2|$two"
ok "DR1, DR2: platform means the nearest bus; what is beside it was left alone"

setpci -s "$one" COMMAND=0:2
setpci -s "$two" COMMAND=0:4
trace_on devreset
reset "$top" platform
trace_off
expect "0 platform 1 $top operator" last "$top"
expect "attempts=1 quiesced=1 requests=1 successes=1" stats "$top"
for edu in "$one" "$two"; do
	expect ok cat "$pci/$edu/liveness"
	expect 3628800 factorial "$edu" 10
	expect healthy cat "$class/edu-$edu/state"
done
expect "quiesced=1" stats "$low2"
expect "attempts=1 quiesced=2" stats "$low1"
expect "quiesced=1" stats "edu-$two"
ok "DR2: a reset of the topmost bus brings back all beneath it, broken or not"

# children first, parents first
expect "edu-$two pci-$two $low2 edu-$one pci-$one $low1 $top" eval "steps ^quiesce | sed 's/.*node=//; s/ .*//' | paste -sd ' '"
expect "$top $low1 pci-$one edu-$one $low2 pci-$two edu-$two" eval "steps ^resume | sed 's/.*node=//; s/ .*//' | paste -sd ' '"
ok "DR2: stopped children first, started parents first"
unload
