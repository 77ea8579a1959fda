#!/bin/bash
# An edu whose interrupt gets lost, bus mastering or MSI being off, is found while work is outstanding, and cured
# contracts: DR1 DR6 ND2 ND12 ND14
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=edu-$edu function=pci-$edu
policy "$member" check_interval_ms=200 probation_ms=0
config() { setpci -s "$edu" COMMAND CAP_MSI+2.w CAP_MSI+4.l BASE_ADDRESS_0 INTERRUPT_LINE; }

[ "$(setpci -s "$edu" CAP_MSI+2.w)" != 0080 ] || fail "no MSI in use"
good=$(config)

# lose WHAT N SETPCI: for the Nth time
lose() {
	local off

	read -ra off <<<"$3"
	setpci -s "$edu" "${off[@]}"
	[ "$(config)" != "$good" ] || fail "$1 cannot be turned off"
	expect 362880 factorial "$edu" 9
	expect "$2" cat "$pci/$edu/lost_irqs"
	expect "$2" cat "$pci/$edu/replayed"
	ok "ND12, ND14: $1 off: found; the factorial was replayed and its writer got the result"

	# The writer is through before the last check is
	wait_for 30 is healthy "$class/$member/state"
	expect "0 function 1 $function lost interrupt" last "$member"
	expect "hangs=$2 quiesced=$2 requests=$2 successes=$2" stats "$member"
	expect "attempts=$2 quiesced=$2" stats "$function"
	ok "DR6: $1: cured by one function reset"

	expect "$good" config
	expect 5040 factorial "$edu" 7
	expect "$2" cat "$pci/$edu/lost_irqs"
	ok "ND2: $1: the configuration is the known-good one, the next factorial works"
}

lose "bus mastering" 1 COMMAND=0:4
lose "MSI" 2 CAP_MSI+2.w=0:1
lose "bus mastering and MSI" 3 "COMMAND=0:4 CAP_MSI+2.w=0:1"

# Nothing was lost or done twice
expect "$(<"$pci/$edu/submitted")" cat "$pci/$edu/completed"
ok "ND14: as many factorials were completed as were submitted"
unload
