#!/bin/bash
# An edu on INTx whose interrupt is disabled is found while work is outstanding, and cured; what does not matter is left alone
# contracts: DR6 ND2 ND12 ND14
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# append: pci=nomsi

. "${DEVRESET_TOP:-.}/tests/lib.sh"

load
edu=$(pci_of 1234:11e8)
member=edu-$edu function=pci-$edu
policy "$member" check_interval_ms=200 probation_ms=0
expect 0080 setpci -s "$edu" CAP_MSI+2.w
expect 120 factorial "$edu" 5
good=$(setpci -s "$edu" COMMAND)

setpci -s "$edu" COMMAND=400:400
expect 362880 factorial "$edu" 9
expect 1 cat "$pci/$edu/lost_irqs"
# Its interrupt was pending, and comes when INTx is on again
ok "ND12, ND14: INTx disabled: found; the writer of the factorial got the result"

wait_for 30 is healthy "$class/$member/state"
expect "0 function 1 $function lost interrupt" last "$member"
expect "hangs=1 quiesced=1 requests=1 successes=1" stats "$member"
expect "attempts=1 quiesced=1" stats "$function"
ok "DR6: cured by one function reset"

expect "$good" setpci -s "$edu" COMMAND
expect 5040 factorial "$edu" 7
expect 1 cat "$pci/$edu/lost_irqs"
ok "ND2: the command register is the known-good one, the next factorial works"

# INTx needs no bus mastering, and edu's factorial nothing else
setpci -s "$edu" COMMAND=0:4
expect 5040 factorial "$edu" 7
expect "hangs=1 quiesced=1 requests=1 successes=1" stats "$member"
ok "DR6: bus mastering off harms nobody here: nothing was reset"

# The next reset puts that right all the same
reset "$member" function
expect "$good" setpci -s "$edu" COMMAND
expect 5040 factorial "$edu" 7
ok "ND2: after a reset the configuration is what was known good, not what was found"
unload
