#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# devresetctl on a folder that looks like /sys: every command, what it prints and writes, its
# exit statuses. No kernel, no privilege, some seconds.
#
#   tools/test.sh [devresetctl]     that program, or one that is built for it
#
# Silent, unless something is wrong. What a kernel says to it is in tests/tool.sh.

set -euo pipefail
cd "$(dirname "$0")"
. ./test-fake.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C.UTF-8 TZ=UTC
unset NO_COLOR

if [ $# != 0 ]; then
	tool=$1
else
	make -s -j"$(nproc)" O="$tmp/build" CFLAGS="-O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover"
	tool=$tmp/build/devresetctl
fi
failures=0
fake_sys "$tmp/sys"
class=$tmp/sys/class/devreset

# run STATUS ARGUMENT...: it ends with that status. What it printed is in $tmp/out and $tmp/err
run() {
	local want=$1 got=0
	shift

	"$tool" --sysfs "$tmp/sys" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	[ "$got" = "$want" ] || bad "devresetctl $*: status $got, not $want: $(cat "$tmp/err")"
	if [ "$want" = 0 ] && [ -s "$tmp/err" ] && [[ $* != *--verbose* ]]; then
		bad "devresetctl $*: it complains: $(cat "$tmp/err")"
	elif [ "$want" != 0 ] && [ ! -s "$tmp/err" ]; then
		bad "devresetctl $*: it ends with $want, and says nothing"
	fi
}
bad() {
	echo "${BASH_LINENO[1]}: $*"
	failures=$((failures + 1))
}
# has TEXT, complains TEXT: what it printed, or complained of, has it
has() { grep -qF -- "$1" "$tmp/out" || bad "no \"$1\" in: $(cat "$tmp/out")"; }
complains() { grep -qF -- "$1" "$tmp/err" || bad "no \"$1\" in: $(cat "$tmp/err")"; }
# holds FILE TEXT
holds() { [ "$(<"$1")" = "$2" ] || bad "$1: \"$(<"$1")\", not \"$2\""; }
# check EXPRESSION: of Python, of what was printed as "j"
check() {
	python3 -IS -c 'import json, sys
j = json.load(open(sys.argv[1], encoding="utf-8"))
sys.exit(not eval(sys.argv[2]))' "$tmp/out" "$1" || bad "not $1: $(cat "$tmp/out")"
}

# --- the command line

run 0 --help; has "Usage: devresetctl"
run 0 -V; grep -qx 'devresetctl [0-9.]*' "$tmp/out" || bad "$(cat "$tmp/out")"
run 2
run 2 nonsense
run 2 --nonsense
run 2 list --force
run 2 list superfluous
run 2 show
run 2 --color=sometimes list
commands=$(sed -n 's/^  \([a-z]*\) .*/\1/p' < <("$tool" --help))
[ "$(wc -w <<<"$commands")" = 14 ] || bad "commands: $commands"
for command in $commands; do
	run 0 "$command" --help; has "Usage: devresetctl [options] $command"
	run 0 -j -p "$command" -h
	run 2 "$command" --batch x
done

# --- no module

for command in list "show a" "reset a" "recover a" "set a auto=1" "manage pci x" "unmanage pci x" monitor log timeline \
	"explain a" metrics "apply /dev/null" selftest; do
	got=0
	# shellcheck disable=SC2086 # words
	"$tool" --sysfs "$tmp/empty" $command >"$tmp/out" 2>"$tmp/err" || got=$?
	[ $got = 4 ] || bad "$command without the module: $got"
	complains "devreset is not loaded"
done

# --- list, show

run 0 list
has "   └─ net-eth0            component  healthy     eth0"
LC_ALL=C run 0 list
has '   `- net-eth0            component  healthy     eth0'
run 0 -j list
check 'len(j) == 5 and {n["node"]: n.get("parent") for n in j}["net-eth0"] == "pci-0000:02:00.0"'
check 'all(set(n) <= {"node", "state", "scope", "parent", "device", "driver"} for n in j)'
run 0 list --failed
[ ! -s "$tmp/out" ] || bad "$(cat "$tmp/out")"
echo failed >"$class/net-eth0/state"
run 0 list --failed; has net-eth0
run 0 list -j --failed; check '[n["node"] for n in j] == ["net-eth0"]'
run 0 --color always list; has $'\033[31mfailed'
run 0 --color never list
! grep -q $'\033' "$tmp/out" || bad "it is coloured"
echo healthy >"$class/net-eth0/state"

run 0 show pci-0000:02:00.0; has "parent     pcibus-0000:02"; has "rebind=never"
run 0 -p show net-eth0
check 'j["policy"]["retry_interval_ms"] == 3000 and j["policy"]["ceiling"] == "function"'
check 'j["supported"] == ["component", "function", "platform"] and j["stats"]["hangs"] == 0'
check 'j["methods"] == [{"device": "eth0", "driver": None, "method": "none"}] and "last" not in j'
run 0 -j show pcibus-0000:02
check 'j["methods"][0]["refused"] == "has no reset handlers and policy/rebind is never"'
for name in nothing .. . "" / net-eth0/ ../devreset/net-eth0 manage "$(printf '%0500d' 0)"; do
	run 4 show "$name"; complains "no node"
done

# --- reset, recover

run 0 reset pci-0000:01:00.0; holds "$class/pci-0000:01:00.0/reset" function
run 0 reset pci-0000:01:00.0 platform --force; holds "$class/pci-0000:01:00.0/reset" "platform force"
run 0 recover pci-0000:01:00.0; holds "$class/pci-0000:01:00.0/reset" recover
run 0 -j recover pci-0000:01:00.0 --force; holds "$class/pci-0000:01:00.0/reset" "recover force"
check 'j["result"] == "done" and j["status"] == 0 and j["asked"] == "recover"'
run 2 reset pci-0000:01:00.0 nonsense
run 2 reset pci-0000:01:00.0 member
run 4 reset nothing
run 3 reset pci-0000:01:00.0 --method rebind

# What is accepted, and not over: a pipe without a reader holds the write up
mv "$class/net-eth0/reset" "$tmp/reset"
mkfifo "$class/net-eth0/reset"
"$tool" --sysfs "$tmp/sys" reset net-eth0 component --no-wait >"$tmp/out" &
for ((i = 1; i < 1000; i++)); do
	kill -0 $! 2>/dev/null || break
	echo $i >"$class/net-eth0/stats/requests"
	sleep 0.02
done
wait $! || bad "reset --no-wait: $?"
has "net-eth0: accepted"
mv "$tmp/reset" "$class/net-eth0/reset"

# --- set: all, or none

run 0 set net-eth0 auto=0 ceiling=platform check_interval_ms=0
holds "$class/net-eth0/policy/auto" 0
holds "$class/net-eth0/policy/ceiling" platform
holds "$class/net-eth0/policy/check_interval_ms" 0
for wrong in auto=2 auto= auto nonsense=1 =1 max_attempts=0 max_attempts=101 max_attempts=+5 max_attempts=" 5" \
	max_attempts=5x max_attempts=99999999999999999999 check_interval_ms=99 ceiling=member rebind=perhaps; do
	run 2 set net-eth0 probation_ms=1 "$wrong"
	holds "$class/net-eth0/policy/probation_ms" 10000
done
run 4 set nothing auto=1
chmod -R go-w "$class/net-eth0/policy"
# As the user nobody, if this is root
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$tmp"
	status=0
	cp "$tool" "$tmp/tool"
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$tmp/tool" --sysfs "$tmp/sys" set net-eth0 auto=1 2>"$tmp/err" || status=$?
	[ "$status" = 6 ] || bad "set as nobody: $status"
	for command in list "show net-eth0" "explain net-eth0" metrics "apply --dry-run examples/nvme.conf"; do
		# shellcheck disable=SC2086 # words
		setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$tmp/tool" --sysfs "$tmp/sys" $command >/dev/null 2>"$tmp/err" ||
			bad "$command as nobody: $? $(cat "$tmp/err")"
	done
fi
# The last one cannot be written: what was is put back
rm "$class/net-eth0/policy/final"
run 4 set net-eth0 auto=1 final=isolate
holds "$class/net-eth0/policy/auto" 0
mkdir "$class/net-eth0/policy/final"
run 1 set net-eth0 auto=1 final=isolate
holds "$class/net-eth0/policy/auto" 0
rmdir "$class/net-eth0/policy/final"
echo keep >"$class/net-eth0/policy/final"
run 0 set net-eth0 auto=1 ceiling=function check_interval_ms=2000

# --- manage, unmanage

run 0 manage pci 0000:01:00.0; holds "$class/manage" "pci 0000:01:00.0"
run 0 unmanage usb 1-1; holds "$class/unmanage" "usb 1-1"
run 2 manage pci
run 2 manage pci ""
run 2 manage "pci x" y

# --- log, timeline

run 0 log; has 'reset 15.0 ms'; has 'a <queue> & "ring" is stuck'
run 0 -j log
check '[(e["node"], e["seq"]) for e in j] == [("pci-0000:01:00.0", 1), ("net-eth0", 1), ("net-eth0", 2)]'
check 'j[1]["reason"] == "a <queue> & \"ring\" is stuck" and j[2]["requester"] == "a b = c[8]"'
check '[len(e["tries"]) for e in j] == [1, 3, 0] and j[1]["tries"][2]["phases"][5] == {"phase": "check", "end_us": 4200000}'
check 'j[0]["asked"] == "function" and j[0]["duration_us"] == 40000 and j[0]["time"] == 1700000000.25'
run 0 log net-eth0 -j; check 'len(j) == 2'
run 0 log netring-eth0:tx -j; check 'j == []'
run 4 log nothing
run 4 timeline nothing
run 4 timeline net-eth0 7
run 2 timeline net-eth0 x
run 2 timeline 1 2
for arguments in "net-eth0#1" "net-eth0 #1" "net-eth0 1" "#1" 1; do
	# shellcheck disable=SC2086 # words
	run 0 -j timeline $arguments --color never
	check 'j["node"] == "net-eth0" and j["seq"] == 1 and len(j["bars"]) == 12'
	check 'all(b["from_us"] <= b["to_us"] for b in j["bars"]) and j["end_us"] == 4200000'
done
run 0 timeline net-eth0#1; has "| ETIMEDOUT"; has "net-eth0         |cqR"
run 0 timeline net-eth0#1 --svg "$tmp/t.svg" --perfetto "$tmp/t.json"
python3 -IS - "$tmp/t.svg" "$tmp/t.json" <<'END' || bad "the timeline's files"
import json, sys, xml.etree.ElementTree as xml
svg = "{http://www.w3.org/2000/svg}"
root = xml.parse(sys.argv[1]).getroot()
bars = [r for r in root.iter(svg + "rect") if r.get("class") == "phase"]
assert root.tag == svg + "svg" and len(bars) == 12, len(bars)
right = float(root.get("width"))
assert all(0 <= float(b.get("x")) and float(b.get("x")) + float(b.get("width")) <= right for b in bars)
assert any('a <queue> & "ring" is stuck' in (t.text or "") for t in root.iter(svg + "text"))
trace = json.load(open(sys.argv[2], encoding="utf-8"))
slices = [e for e in trace["traceEvents"] if e["ph"] == "X"]
assert len(slices) == 13 and all(e["dur"] >= 0 and e["ts"] >= 0 for e in slices)
assert {e["tid"] for e in slices} == {0, 1, 2, 3}
names = [e["args"]["name"] for e in trace["traceEvents"] if e["ph"] == "M"]
assert "3: pci-0000:02:00.0, ok" in names, names
END
run 1 timeline net-eth0#1 --svg "$tmp"
# Without debugfs: the last of each, without phases
mv "$tmp/sys/kernel" "$tmp/kernel"
echo 1700000300.000 >"$class/net-eth0/last/time"
echo 1000000 >"$class/net-eth0/last/duration_us"
run 0 -j log; check 'len(j) == 1 and j[0]["node"] == "net-eth0" and j[0]["time"] == 1700000299'
echo 0.000 >"$class/net-eth0/last/time"
mv "$tmp/kernel" "$tmp/sys/kernel"

# --- explain

run 0 explain netring-eth0:tx; has "3. pcibus-0000:02 (platform): not reached"
run 0 -j explain netring-eth0:tx
check 'j["answer"] == "start" and [(r["node"], r["scope"], r["step"]) for r in j["rungs"]] == [
	("net-eth0", "component", "attempt"), ("pci-0000:02:00.0", "function", "attempt"),
	("pcibus-0000:02", "platform", "ceiling")]'
echo platform >"$class/net-eth0/policy/ceiling"
echo 0 >"$class/net-eth0/policy/auto"
run 0 -j explain net-eth0
check 'j["answer"] == "ignore" and j["rungs"][2]["step"] == "refused" and "rebind" in j["rungs"][2]["why"]'
run 4 explain nothing
echo function >"$class/net-eth0/policy/ceiling"
echo 1 >"$class/net-eth0/policy/auto"

# --- metrics

run 0 metrics; has 'devreset_node_state{node="net-eth0",devreset_node_state="healthy"} 1'
run 0 metrics --output "$tmp/x.prom"
cmp -s "$tmp/x.prom" <("$tool" --sysfs "$tmp/sys" metrics) || bad "the file is another one"
[ "$(stat -c %a "$tmp/x.prom")" = 644 ] || bad "its mode"
[ "$(echo "$tmp"/x.prom*)" = "$tmp/x.prom" ] || bad "something is left beside it"
# The histogram goes on from the file, and begins anew with the numbers
duration() { grep "^devreset_node_recovery_duration_seconds_$1{node=\"$2\"" "$tmp/x.prom" | sed 's/.* //'; }
log=$tmp/sys/kernel/debug/devreset/log
cp "$log" "$tmp/log"
sed 's/^net-eth0 #1 /net-eth0 #3 /; s/duration_us=15 /duration_us=2000000 /' "$tmp/log" | sed '/^pci-/d' >"$log"
run 0 metrics --output "$tmp/x.prom"
[ "$(duration count net-eth0) $(duration sum net-eth0)" = "3 8.400015" ] || bad "$(grep -E "duration_seconds_(sum|count)" "$tmp/x.prom")"
[ "$(duration count pci-0000:01:00.0)" = 1 ] || bad "$(grep -E "duration_seconds_(sum|count)" "$tmp/x.prom")"
run 0 metrics --output "$tmp/x.prom"
[ "$(duration count net-eth0)" = 3 ] || bad "$(grep -E "duration_seconds_(sum|count)" "$tmp/x.prom")"
sed '/^pci-/d; /^  /d; /#1 /d; s/#2 /#1 /' "$tmp/log" >"$log"
run 0 metrics --output "$tmp/x.prom"
[ "$(duration count net-eth0)" = 4 ] || bad "$(grep -E "duration_seconds_(sum|count)" "$tmp/x.prom")"
cp "$tmp/log" "$log"
run 1 metrics --output "$tmp"
run 1 metrics --output "$tmp/there/is/none"
ln -s "$tmp/target" "$tmp/link"
run 1 metrics --output "$tmp/link"
[ -L "$tmp/link" ] || bad "a link was replaced"
"$tool" --sysfs "$tmp/sys" metrics --output /dev/stdout 2>&1 | grep '^devreset_node_info' >/dev/null ||
	bad "nothing on /dev/stdout"
run 0 metrics --output /dev/null
[ -c /dev/null ] || bad "/dev/null is a file now"
run 2 -j metrics
if command -v promtool >/dev/null; then
	"$tool" --sysfs "$tmp/sys" metrics | promtool check metrics >"$tmp/out" 2>&1 || bad "promtool: $(cat "$tmp/out")"
fi
if [ -e /usr/lib/python3/dist-packages/prometheus_client ]; then
	"$tool" --sysfs "$tmp/sys" metrics --openmetrics | /usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics import parser
kinds = {f.name: (f.type, len(f.samples)) for f in parser.text_string_to_metric_families(sys.stdin.read())}
assert kinds["devreset_node_state"] == ("stateset", 25), kinds
assert kinds["devreset_node"] == ("info", 5) and kinds["devreset_node_hangs"] == ("counter", 5), kinds
assert kinds["devreset_node_recovery_duration_seconds"] == ("histogram", 2 * 16), kinds' || bad "OpenMetrics"
fi

# --- apply

cat >"$tmp/good.conf" <<'END'
# A comment
[disks]
match.class = 010802
manage = yes
policy.ceiling = platform

[modems]
match.driver = option qmi_*
manage = yes
policy.return_ms = 60000

[interfaces]
match.interface = eth*
match.id = 8086:100e
policy.max_attempts = 5

[one disk]
match.id = 1b36:0010
match.path = /devices/pci0000:00/*
policy.max_attempts = 1
policy.ceiling = component
END
: >"$class/manage"
run 0 apply --dry-run "$tmp/good.conf"
has "would: usb 1-1: manage"; has "would: pci 0000:01:00.0: set ceiling=component max_attempts=1"
holds "$class/manage" ""
holds "$class/pci-0000:01:00.0/policy/max_attempts" 2
run 0 -j apply -p --dry-run "$tmp/good.conf"
check 'all(a["dry_run"] for a in j) and {(a["bus"], a["action"]) for a in j} == {
	("usb", "manage"), ("usb", "set"), ("pci", "set"), ("net", "set")}'
run 0 apply "$tmp/good.conf"
holds "$class/manage" "usb 1-1"
holds "$class/pci-0000:01:00.0/policy/max_attempts" 1
holds "$class/pci-0000:01:00.0/policy/ceiling" component
holds "$class/net-eth0/policy/max_attempts" 5
holds "$class/pci-0000:02:00.0/policy/max_attempts" 2
: >"$class/manage"
run 0 apply --device /devices/pci0000:00/usb1/1-1/1-1:1.0 "$tmp/good.conf"
holds "$class/manage" "usb 1-1"
: >"$class/manage"
run 0 apply --device /devices/pci0000:00/0000:01:00.0 "$tmp/good.conf"
[ ! -s "$tmp/out" ] || bad "it did it again: $(cat "$tmp/out")"
run 4 apply --device /devices/none "$tmp/good.conf"
run 0 apply --dry-run examples/*.conf; has "usb 1-1: manage"

printf '[modem]\nmatch.interface = wwan*\nmatch.id = 1199:9071\nmatch.driver = qmi_wwan\nmanage = yes\n' >"$tmp/modem.conf"
run 0 apply --dry-run "$tmp/modem.conf"
holds "$tmp/out" "would: net wwan0: manage ($tmp/modem.conf:1)"

# Each mistake is told with its line, and nothing is done
mistake() {
	printf '%b' "$2" >"$tmp/bad.conf"
	: >"$class/manage"
	run 2 apply "$tmp/good.conf" "$tmp/bad.conf"; complains "bad.conf:$1: "
	holds "$class/manage" ""
}
some='[x]\nmatch.bus = pci\nmanage = yes\n'
mistake 1 'manage = yes\n'
mistake 4 "${some}nonsense\n"
mistake 4 "${some}nonsense = 1\n"
mistake 4 "${some}match.nonsense = 1\n"
mistake 4 "${some}match.bus = usb\n"
mistake 4 "${some}match.id =\n"
mistake 4 "${some}manage = maybe\n"
mistake 5 "${some}# x\npolicy.nonsense = 1\n"
mistake 4 "${some}policy.max_attempts = 1000"
mistake 4 "${some}policy.ceiling = up\n"
mistake 4 "${some}[broken\n"
mistake 4 "${some}a\0b\n"
mistake 1 '[nothing]\nmanage = yes\n[y]\nmatch.bus = pci\nmanage = yes\n'
mistake 1 '[nothing]\nmatch.bus = pci\n'
run 2 apply "$tmp/none.conf"
run 2 apply "$tmp"

# --- batch

printf 'list\n\n# a comment\nset net-eth0 max_attempts=3 # and another\n-j show net-eth0\n' >"$tmp/batch"
run 0 -b "$tmp/batch"; has '"max_attempts":3'
printf 'set net-eth0 max_attempts=4\nshow nothing\nset net-eth0 max_attempts=5\n' >"$tmp/batch"
run 4 -b "$tmp/batch"; complains "batch:2: "
holds "$class/net-eth0/policy/max_attempts" 4
run 2 -b "$tmp/batch" list
run 2 -b "$tmp/none"
run 0 -b - # of nothing

# --- nowhere to write to

status=0
"$tool" --sysfs "$tmp/sys" list >/dev/full 2>/dev/null || status=$?
[ $status = 1 ] || bad "on a full disk: $status"

# --- a terminal: colours, as wide as it is

python3 -IS - "$tool" "$tmp/sys" >"$tmp/out" <<'END'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if not pid:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    os.execl(sys.argv[1], "devresetctl", "--sysfs", sys.argv[2], "timeline", "net-eth0#1")
text = b""
try:
    while chunk := os.read(fd, 4096):
        text += chunk
except OSError:
    pass
sys.stdout.buffer.write(text)
sys.exit(os.waitpid(pid, 0)[1])
END
has $'\033[31m█'

# --- completion

"$tool" --completion >"$tmp/completion"
shellcheck -s bash "$tmp/completion" || bad "the completion"
# completes LINE WORD...: among what is offered are those words
completes() {
	local line=$1 offered word
	shift

	# shellcheck disable=SC2016 # for that shell
	offered=$(bash --norc -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _devresetctl; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$tmp/completion" "$line" 2>"$tmp/err")
	[ ! -s "$tmp/err" ] || bad "completion of \"$line\": $(cat "$tmp/err")"
	for word; do
		grep -qx -- "$word" <<<"$offered" || bad "\"$line\" is not completed to $word, but to: $offered"
	done
}
# A name is not expanded
# shellcheck disable=SC2016 # for that shell
bash --norc -c '. "$1"; current=""; _devresetctl_offer "a \$(touch\${IFS}$2) b"; printf "%s\n" "${COMPREPLY[@]}"' \
	- "$tmp/completion" "$tmp/touched" >"$tmp/out"
[ ! -e "$tmp/touched" ] || bad "completion runs what is in a name"
grep -qF '\$\(touch' "$tmp/out" || bad "completion does not quote: $(cat "$tmp/out")"
completes "devresetctl " list show timeline
completes "devresetctl s" show set selftest
completes "devresetctl list "
completes "devresetctl show x "
completes "devresetctl list --f" --failed
completes "devresetctl -j reset x " component platform
completes "devresetctl reset x --method re" rebind reset_done
completes "devresetctl set x auto=1 ceiling=" component platform
completes "devresetctl set x max" max_attempts= max_recoveries=
completes "devresetctl manage " pci usb net
completes "devresetctl apply ./test" ./test.sh

# --- manuals: no option, command or key is missing

if command -v mandoc >/dev/null; then
	mandoc -T lint man/*.[58] 2>&1 | grep -v 'referenced manual not found\|outdated mandoc.db' && bad "mandoc"
	mandoc -T ascii man/devresetctl.8 | sed 's/.\x08//g' >"$tmp/out"
	for command in $commands; do has "     $command"; done
	while read -r option; do
		has "$option"
	done < <({
		"$tool" --help
		for command in $commands; do "$tool" "$command" --help; done
	} | sed -n 's/.* \(--[a-z-]*\).*/\1/p' | sort -u)
	mandoc -T ascii man/devreset.conf.5 | sed 's/.\x08//g' >"$tmp/out"
	for key in bus driver class id modalias path interface; do has "match.$key"; done
fi

# --- what is made of the metrics knows them; what is installed is all there

run 0 metrics
while read -r name; do
	[ "$name" = devreset_node_state ] || grep -q "^# TYPE ${name%_bucket} " "$tmp/out" || bad "there is no metric $name"
done < <(grep -oh 'devreset_node[a-z_]*' monitoring/*.yml monitoring/*.json | sort -u)
python3 -IS -m json.tool monitoring/devreset-dashboard.json >/dev/null || bad "the dashboard"

if [ $# = 0 ]; then
	make -s install O="$tmp/build" CFLAGS="-O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover" \
		DESTDIR="$tmp/root" PREFIX=/opt
	for file in opt/sbin/devresetctl opt/share/man/man{8/devresetctl.8,5/devreset.conf.5} etc/devreset \
		opt/share/bash-completion/completions/devresetctl opt/share/devreset/examples/nvme.conf \
		usr/lib/systemd/system/devreset-apply.service usr/lib/udev/rules.d/90-devreset.rules; do
		[ -e "$tmp/root/$file" ] || bad "$file is not installed"
	done
	grep -q '"/opt/sbin/devresetctl apply' "$tmp/root/usr/lib/udev/rules.d/90-devreset.rules" || bad "the rule's path"
fi
[ $failures = 0 ]
