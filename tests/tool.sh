#!/bin/bash
# devresetctl: every command on a real kernel, as root and not, on a pipe and on a terminal, its exit statuses
# contracts: DR5 DR6 DR8 DR14
# qemu: -device pcie-root-port,id=rp1,chassis=1
# qemu: -device edu,bus=rp1
# qemu: -device pcie-root-port,id=rp2,chassis=2
# qemu: -device qemu-xhci,bus=rp2
# timeout: 120
# prometheus: yes

. "${DEVRESET_TOP:-.}/tests/lib.sh"

tmp=/run/tool
mkdir $tmp
# Where the user nobody can reach it, too
install -m 755 "$DEVRESET_MODDIR/devresetctl" /run/devresetctl
export LC_ALL=C.UTF-8
ctl() { /run/devresetctl "$@"; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups /run/devresetctl "$@"; }
# ends STATUS COMMAND...: it ends with that status; $said is what it complained of
ends() {
	local want=$1 status=0
	shift

	said=$("$@" 2>&1 >/dev/null) || status=$?
	[ $status = "$want" ] || fail "$*: status $status, expected $want: $said"
}

ends 4 ctl list
[[ $said == *"devreset is not loaded"* ]] || fail "without the module: $said"
modprobe xhci_pci 2>/dev/null || true
load
insmod "$DEVRESET_MODDIR/devreset_minimal.ko"
edu=$(pci_of 1234:11e8) xhci=$(pci_of 1b36:000d) port=$(pci_of 1b36:000c)
wait_for 30 [ -e "$pci/$xhci/driver" ]
member=edu-$edu function=pci-$edu

# The same on sysfs alone, and by the netlink family
genl ctrl get name devreset >/dev/null
ways=(/sys "")
# has REGEX: to the end of what is read, so that its writer does not die of a closed pipe
has() { grep "$1" >/dev/null; }

for way in "${ways[@]}"; do
	ctl() { /run/devresetctl ${way:+--sysfs "$way"} "$@"; }
	as_nobody() {
		setpriv --reuid=65534 --regid=65534 --clear-groups /run/devresetctl ${way:+--sysfs "$way"} "$@"
	}
	name="on ${way:-the netlink family}"

	expect "$(cd $class && printf '%s\n' */ | tr -d / | sort)" \
		eval "ctl list -j | tr ',' '\n' | sed -n 's/.*\"node\":\"\([^\"]*\)\".*/\1/p' | sort"
	ctl list | has "   └─ $function .* function .* healthy .*(edu)\|└─ $function .* healthy"
	ctl list | has "└─ $member .* member "
	ctl list --failed >$tmp/failed
	expect "" cat $tmp/failed
	script -qec "/run/devresetctl list" /dev/null | has $'\033\[32mhealthy'
	for command in list "show $member" log "log $member" "explain $member" metrics; do
		# shellcheck disable=SC2086 # words
		as_nobody $command >/dev/null || fail "$command as nobody $name"
	done
	ok "list and show, for nobody as well, coloured on a terminal, $name"

	ends 2 ctl set minimal max_attempts=7 probation_ms=nonsense
	expect 2 cat $class/minimal/policy/max_attempts
	ends 6 as_nobody set minimal max_attempts=7
	ends 0 ctl set minimal max_attempts=7 probation_ms=0 rebind=asked
	expect "7 0 asked" eval "cd $class/minimal/policy && echo \$(<max_attempts) \$(<probation_ms) \$(<rebind)"
	ends 0 ctl set minimal max_attempts=2 rebind=never
	ok "set: all values or none $name"

	ends 6 as_nobody reset minimal
	ends 6 as_nobody manage pci "$xhci"
	ends 4 ctl reset none
	ends 3 ctl reset minimal platform
	before=$(<$class/minimal/stats/successes)
	ends 0 ctl reset minimal
	ends 0 ctl recover minimal
	ends 0 ctl reset minimal function --force
	expect $((before + 3)) cat $class/minimal/stats/successes
	# Only the family tells phases to all
	[ "$way" ] || as_nobody log -j minimal | has '"phase":"reset"'
	ends 0 ctl reset minimal --no-wait
	wait_for 30 is $((before + 4)) $class/minimal/stats/successes
	ok "DR5: reset and recover $name"

	ends 4 ctl manage pci 0000:7f:1f.7
	ends 3 ctl manage pci "$port"
	ends 3 ctl unmanage pci "$xhci"
	ends 2 ctl manage pci nonsense
	ends 0 ctl manage pci "$xhci"
	ends 3 ctl manage pci "$xhci"
	ends 0 ctl set "pci-$xhci" rebind=never
	ends 3 ctl reset "pci-$xhci"
	[[ $said == *"rebind"* ]] || fail "it does not say why: $said"
	expect 0 cat "$class/pci-$xhci/stats/attempts"
	ctl explain "pci-$xhci" | has "refused: has no reset handlers and policy/rebind is never"
	ends 0 ctl set "pci-$xhci" rebind=asked
	if [ ! "$way" ]; then
		ends 3 ctl reset "pci-$xhci" --method reset_done
		[[ $said == *"by that method"* ]] || fail "it does not say why: $said"
		ends 0 ctl reset "pci-$xhci" --method rebind
	fi
	ends 2 ctl reset "pci-$xhci" --method nonsense
	ctl reset "pci-$xhci" >$tmp/out 2>/dev/null
	grep -q "^pci-$xhci: function done by pci-$xhci, method rebind, 1 attempt, " $tmp/out
	wait_for 30 [ -e "$pci/$xhci/driver" ]
	ends 0 ctl unmanage pci "$xhci"
	ok "DR14: manage; a reset that is refused says why and touches nothing $name"

	# The root port passes nothing on: the reset is made, and in vain
	setpci -s "$port" COMMAND=0:2
	ends 1 ctl reset "$member"
	policy "$function" retry_interval_ms=1000
	! script -qec "/run/devresetctl ${way:+--sysfs $way} recover $member" $tmp/terminal >/dev/null ||
		fail "recovered"
	# From one attempt to the next it takes long enough to tell of it
	grep -q "$member: .*, [0-9.]* s " $tmp/terminal
	ctl list --failed | has "$member .*failed"
	setpci -s "$port" COMMAND=2:2
	ends 0 ctl reset "$member"
	expect healthy cat "$class/$member/state"
	ok "DR5: a reset that fails ends with 1, and a terminal is told how far it is $name"
done

# --- a recovery, watched

for way in "${ways[@]}"; do
	name="on ${way:-the netlink family}"
	policy "$member" check_interval_ms=100 probation_ms=0
	before=$(<"$class/$member/stats/successes")
	/run/devresetctl ${way:+--sysfs "$way"} monitor -j >$tmp/events.json &
	monitor=$!
	wait_for 30 grep -q listening $tmp/events.json
	setpci -s "$edu" COMMAND=0:2
	expect 120 factorial "$edu" 5
	wait_for 60 is $((before + 1)) "$class/$member/stats/successes"
	wait_for 60 is healthy "$class/$member/state"
	wait_for 30 grep -q '"status":0' $tmp/events.json
	kill $monitor
	wait $monitor || true
	ctl list -j >$tmp/list.json
	ctl show -j "$member" >$tmp/show.json
	ctl log -p >$tmp/log.json
	ctl explain "$member" -j >$tmp/explain.json
	ctl timeline "$member" -j >$tmp/timeline.json
	ctl timeline "$member" --svg $tmp/t.svg --perfetto $tmp/t.perfetto
	expect "" python3 -IS "$DEVRESET_TOP/tests/tool.py" $tmp
	ctl timeline "$member" >$tmp/timeline
	grep -q "^$function |.*| ok" $tmp/timeline
	ctl metrics --output $tmp/devreset.prom
	grep -qF "devreset_node_successes_total{node=\"$member\"} $((before + 1))" $tmp/devreset.prom
	ok "DR6, DR8: monitor, log, timeline, explain and metrics tell of a recovery, in their schemas, $name"
done

# --- configuration

cat >$tmp/x.conf <<-END
	[controllers]
	match.driver = xhci_hcd
	manage = yes
	policy.rebind = asked
	policy.max_recoveries = 9
END
ctl apply --dry-run $tmp/x.conf >$tmp/out
grep -q "^would: pci $xhci: manage ($tmp/x.conf:1)" $tmp/out
[ ! -e "$class/pci-$xhci" ] || fail "a dry run did something"
ends 6 as_nobody apply $tmp/x.conf
path=$(readlink -f "$pci/$xhci")
ctl apply --device "${path#/sys}" $tmp/x.conf >$tmp/out
expect "asked 9" eval "cd $class/pci-$xhci/policy && echo \$(<rebind) \$(<max_recoveries)"
ctl apply $tmp/x.conf >$tmp/out
expect "" cat $tmp/out
echo "policy.final = nonsense" >>$tmp/x.conf
ends 2 ctl apply $tmp/x.conf
[[ $said == *"$tmp/x.conf:6: final: one of keep, isolate"* ]] || fail "$said"
ok "apply: puts a device under policy, once, and names the line of a mistake"

# What the rule does when a driver has been bound, by the words that udev makes of it
if command -v udevadm >/dev/null; then
	sed -i '$d' $tmp/x.conf
	mkdir -p /etc/devreset /run/udev/rules.d
	cp $tmp/x.conf /etc/devreset/x.conf
	cp /run/devresetctl /usr/sbin/devresetctl
	cp tools/udev/rules.d/90-devreset.rules /run/udev/rules.d/
	ends 0 ctl unmanage pci "$xhci"
	udevadm test --action=bind "$path" >$tmp/udev 2>&1 || true
	read -ra command < <(sed -n "s/^run: '\(.*devresetctl.*\)'\$/\1/p" $tmp/udev)
	expect "/usr/sbin/devresetctl apply --device ${path#/sys}" echo "${command[*]}"
	"${command[@]}" >/dev/null
	expect 9 cat "$class/pci-$xhci/policy/max_recoveries"
	ok "a udev rule puts a device under policy when its driver is bound"
else
	echo "skipped: no udevadm"
fi

if [ "$PROMETHEUS" ]; then
	mkdir $tmp/textfile
	ctl metrics --output $tmp/textfile/devreset.prom
	"$PROMETHEUS/prometheus-node-exporter" --collector.disable-defaults --collector.textfile \
		--collector.textfile.directory=$tmp/textfile --web.listen-address=127.0.0.1:9100 2>/dev/null &
	exporter=$!
	served() { exec 5<>/dev/tcp/127.0.0.1/9100 && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&5 && cat <&5 >$tmp/served; }
	wait_for 60 served
	grep -q '^devreset_node_state{devreset_node_state="healthy",node="minimal"} 1' $tmp/served
	grep -q '^node_textfile_scrape_error 0' $tmp/served
	kill $exporter
	ok "node_exporter serves the metrics"
else
	echo "skipped: no prometheus-node-exporter"
fi

printf 'unmanage pci %s\nunmanage pci %s\nreset minimal\n' "$xhci" "$xhci" >$tmp/batch
before=$(<$class/minimal/stats/requests)
ends 3 ctl -b $tmp/batch
expect "$before" cat $class/minimal/stats/requests
ok "a batch ends with the first command that fails"

# --- selftest

ends 4 ctl selftest
if [ -e "$DEVRESET_MODDIR/devreset_sim.ko" ]; then
	[ -d /sys/kernel/config ] || modprobe configfs
	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
	insmod "$DEVRESET_MODDIR/devreset_sim.ko"
	for way in "${ways[@]}"; do
		ends 0 ctl selftest
		mkdir /sys/kernel/config/devreset-sim/slow
		ends 0 ctl set sim-slow reset_timeout_ms=100
		echo 60000 >/sys/kernel/config/devreset-sim/slow/reset_ms
		ends 5 ctl reset sim-slow
		rmdir /sys/kernel/config/devreset-sim/slow
	done
	ok "selftest; a reset that takes too long ends with 5"
	rmmod devreset_sim
fi
rmmod devreset_minimal
unload
