#!/bin/bash
# Devices that do not exist, made through configfs: the tutorial as printed, bounds, ladders, removal at any time
# contracts: DR4 DR6 DR8 DR12
# timeout: 200

. "${DEVRESET_TOP:-.}/tests/lib.sh"

[ "$DEVRESET_KERNEL" = debug ] || modprobe configfs
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
sim=/sys/kernel/config/devreset-sim
insmod "$DEVRESET_MODDIR/devreset.ko"

# The tutorial's commands, in this order in one shell, print what it says they print
tutorial() (
	set +eEu
	trap - ERR
	# shellcheck disable=SC2317 # called by the tutorial
	modprobe() {
		case "$*" in
		devreset_sim) insmod "$DEVRESET_MODDIR/devreset_sim.ko" ;;
		"-r devreset_sim") rmmod devreset_sim ;;
		*) command modprobe "$@" ;;
		esac
	}
	command='' want='' commands=0
	compare() {
		[ "$command" ] || return
		commands=$((commands + 1))
		# bash names the script and the line where a shell that is typed into does not
		sed 's/^.*: echo: /bash: echo: /' /run/said >/run/got
		[ "$(</run/got)" = "${want%$'\n'}" ] ||
			fail "tutorial: $command: expected '${want%$'\n'}', got '$(</run/got)'"
		command='' want=''
	}
	while IFS= read -r line <&7; do
		case $line in
		$'\t# '*)
			compare
			command=${line#$'\t# '}
			eval "$command" >/run/said 2>&1
			;;
		$'\t'*) want+=${line#$'\t'}$'\n' ;;
		*)
			compare
			want=''
			;;
		esac
	done 7<"$DEVRESET_TOP/Documentation/tutorial.rst"
	[ $commands -ge 40 ] || fail "only $commands commands found"
	echo "$commands commands"
)
tutorial
[ ! -e /sys/module/devreset_sim ] || fail "the tutorial leaves the module"
ok "the tutorial prints what it says"

insmod "$DEVRESET_MODDIR/devreset_sim.ko"
mkdir $sim/a
expect "function 0 0 0 none" sh -c "cd $sim/a; echo \$(cat scope hang fail reset_ms refuse)"
for bad in hang=2 hang=-1 hang=y fail=-2 fail=2147483648 reset_ms=-1 reset_ms=600001 reset_ms=1x \
	refuse=EIO refuse=16 refuse= scope=bus scope= scope=Function; do
	refused EINVAL put "${bad#*=}" "$sim/a/${bad%%=*}"
done
for good in fail=-1 fail=2147483647 reset_ms=600000 refuse=EAGAIN refuse=EBUSY refuse=EOPNOTSUPP \
	hang=1 fail=0 reset_ms=0 refuse=none hang=0; do
	put "${good#*=}" "$sim/a/${good%%=*}"
	expect "${good#*=}" cat "$sim/a/${good%%=*}"
done
expect "function 0 0 0 none" sh -c "cd $sim/a; echo \$(cat scope hang fail reset_ms refuse)"
ok "attributes take what they should, and nothing else"

long=a2345678901234567890123456789012
mkdir $sim/$long
rmdir $sim/$long
refused ENAMETOOLONG mkdir $sim/${long}3
for bad in a.b 'a b' $'a\nb' 'a!b' ä; do
	refused EINVAL mkdir "$sim/$bad"
done
mkdir -p $sim/a/b/c/d/e/f/g/h
refused EMLINK mkdir $sim/a/b/c/d/e/f/g/h/i
refused EEXIST mkdir $sim/h
refused EEXIST mkdir $sim/a/h
refused EEXIST mkdir $sim/a/b/a
refused ENOTEMPTY rmdir $sim/a
expect sim-g basename "$(readlink $class/sim-h/reset_parent)"
! rmmod devreset_sim 2>/dev/null || fail "removed although there are folders"
rmdir $sim/a/b/c/d/e/f/g{/h,} $sim/a/b/c/d/e{/f,} $sim/a/b/c/d
ok "bad names, names that are taken, too many levels, and a folder that is not empty are refused"

# What the one above is told reaches those below
echo component >$sim/a/b/c/scope
for node in sim-a sim-b sim-c; do
	policy $node check_interval_ms=100 retry_interval_ms=100 probation_ms=0 ceiling=platform
done
echo 1 >$sim/a/b/c/fail
trace_on devreset
echo 1 >$sim/a/b/c/hang
cured_by() { is "$1" "$class/$2/last/cured_by" && is healthy "$class/$2/state"; }
wait_for 60 cured_by sim-c sim-c
trace_off
expect "0 component 2 sim-c told to hang" last sim-c
expect "$(cat <<-END
	reset node=sim-c status=-5 flags=0x0
	resume node=sim-c told=-5 status=0
	reset node=sim-c status=0 flags=0x1
	restore node=sim-c status=0
	resume node=sim-c told=0 status=0
	END
)" steps "^(reset|restore|resume) "
expect 0 cat $sim/a/b/c/fail
echo EOPNOTSUPP >$sim/a/b/c/refuse
expect "function platform" cat $class/sim-c/supported
echo -1 >$sim/a/b/fail
policy sim-b auto=0
echo 1 >$sim/a/b/hang
echo 1 >$sim/a/b/c/hang
wait_for 60 cured_by sim-a sim-c
expect "0 0" sh -c "cd $sim/a/b; echo \$(cat hang c/hang)"
policy sim-b auto=1
expect "hang 1 fail 1 reset_ms 0" sh -c \
	"echo \$(cat /sys/bus/platform/devices/devreset-sim-c/devcoredump/data)"
ok "DR6: a ladder climbs past what fails and what is not supported; a reset above cures those below"

echo none >$sim/a/b/c/refuse
reset sim-c component
before=$(stats sim-c)
echo EBUSY >$sim/a/b/c/refuse
refused EBUSY reset sim-c component
expect "devreset-sim-c - refused: its attribute refuse is EBUSY" cat $class/sim-c/methods
reset sim-c "component force"
echo EAGAIN >$sim/a/b/c/refuse
policy sim-c reset_timeout_ms=200
refused ETIMEDOUT reset sim-c component
echo none >$sim/a/b/c/refuse
expect "devreset-sim-c - none" cat $class/sim-c/methods
[ "$before" != "$(stats sim-c)" ] || fail "force did nothing"
ok "a reset is refused, and forced"

# Whoever waits for a reset is told when the device goes, or becomes another node
echo 600000 >$sim/a/b/c/reset_ms
policy sim-c reset_timeout_ms=600000
in_reset() { trace | grep -q "type=B node=sim-c phase=reset"; }
for how in scope rmdir; do
	trace_on devreset
	{ reset sim-c component 2>&1 || true; } >/run/reset &
	pid=$!
	wait_for 60 in_reset
	trace_off
	if [ $how = scope ]; then
		echo function >$sim/a/b/c/scope
		expect "function 600000" sh -c "cd $class/sim-c; echo \$(cat scope policy/reset_timeout_ms)"
		echo component >$sim/a/b/c/scope
	else
		rmdir $sim/a/b/c
		[ ! -e $class/sim-c ] || fail "the node is there after rmdir"
	fi
	wait $pid
	grep -q "No such device" /run/reset || fail "$how: $(cat /run/reset)"
done
ok "DR4: removal and a change of scope end a reset that runs"

echo member >$sim/a/b/scope
refused EOPNOTSUPP reset sim-b component
expect "function" cat $class/sim-b/supported
echo 1 >$sim/a/b/hang
policy sim-b check_interval_ms=100
wait_for 60 is sim-a $class/sim-b/last/cured_by
wait_for 60 is 0 $sim/a/b/hang
ok "a member is cured by the node above"

mkdir $sim/a/b/c
for scope in member function; do
	echo $scope >$sim/a/b/scope
	expect "$([ $scope = member ] && echo sim-a || echo sim-b)" \
		basename "$(readlink -f $class/sim-c/reset_parent)"
done
ok "a node that is made anew has below it what was below the one before"
rmdir $sim/a/b/c $sim/a/b $sim/a

mkdir $sim/many
mkdir $sim/many/n{1..300}
expect 301 sh -c "ls -d $class/sim-* | wc -l"
reset sim-many function
expect 1 cat $class/sim-n300/stats/quiesced
rmdir $sim/many/n{1..300} $sim/many
! ls -d $class/sim-* 2>/dev/null || fail "nodes are left"
ok "300 devices below one, all reset with it"

gone=ENOENT,ENODEV,EALREADY,EOPNOTSUPP,EIO,EBUSY,ETIMEDOUT,EPERM
race "mkdir and rmdir against resets, hangs and changes of scope" 40:4000 \
	"maker::mkdir>$sim/a+3>$sim/a/reset_ms+mkdir>$sim/a/b+3>$sim/a/b/reset_ms+1>$sim/a/b/hang+40+rmdir>$sim/a/b+rmdir>$sim/a" \
	"above:$gone:function>$class/sim-a/reset" \
	"below:$gone:recover>$class/sim-b/reset" \
	"hang:$gone:1>$sim/a/hang+0>$sim/a/hang" \
	"scope:$gone:platform>$sim/a/scope+5+function>$sim/a/scope"
grep -q "^above:.*'ENODEV'" /run/race || fail "no reset was cut short: $(cat /run/race)"
race "two who make the same devices" 40:4000 \
	"one:EEXIST,ENOENT,ENOTEMPTY:mkdir>$sim/a+mkdir>$sim/a/b+5+rmdir>$sim/a/b+rmdir>$sim/a" \
	"two:EEXIST,ENOENT,ENOTEMPTY:mkdir>$sim/a+mkdir>$sim/a/b+5+rmdir>$sim/a/b+rmdir>$sim/a"
rmdir $sim/a/b $sim/a 2>/dev/null || true

race_begin "maker:ENOENT,EINVAL,EPERM,EBUSY:mkdir>$sim/a+1>$sim/a/hang+rmdir>$sim/a+5"
n=$(rounds 10)
for ((i = 0; i < n; i++)); do
	wait_for 60 [ -e $class/sim-a ]
	wait_for 60 rmmod devreset_sim
	insmod "$DEVRESET_MODDIR/devreset_sim.ko"
done
race_end "$n removals of the module while devices are made"
all_settled
rmmod devreset_sim
rmmod devreset
[ ! -e $class ] || fail "something is left of it"
ok "nothing is left when the modules are gone"
