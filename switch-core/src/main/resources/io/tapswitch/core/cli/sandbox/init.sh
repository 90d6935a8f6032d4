# The first process of what `tapswitch run` makes: process 1 of a new PID namespace, in new network, mount and UTS
# namespaces. Arguments: the handshake directory, "remove-log" or "keep-log", the command.
#
#   1 says its PID on $dir/up once everything that can fail is done, and waits
#   2 is told on $dir/go that the network is attached (hostname, address, log file), or reads the end of the file and
#     ends, because then nobody attached it
#   3 starts the command and stays: it hands signals on, reaps orphans, and ends with the command's exit code. The
#     command itself is not process 1, because the kernel discards signals that process 1 has no handler for.
dir=$1 log_fate=$2
shift 2
give_up() {
    echo "tapswitch: $1" >&2
    exit 125
}

# /proc is still the one of outside, so this is the number by which the daemon knows this process.
read -r pid rest </proc/self/stat || give_up "/proc is not mounted"
find_command "$1"
mount -t proc proc /proc || give_up "cannot mount /proc"
mount -t sysfs sysfs /sys || give_up "cannot mount /sys"
# The files live on a tmpfs that only the bind mounts hold: when the last process ends, they are gone, whoever died how.
mount -t tmpfs -o size=1m,mode=755 tmpfs "$dir/etc" || give_up "cannot mount a tmpfs"
for file in hosts hostname resolv.conf; do
    : >"$dir/etc/$file" || give_up "cannot write /etc/$file"
    if [ -e "/etc/$file" ]; then
        mount --bind "$dir/etc/$file" "/etc/$file" || give_up "cannot replace /etc/$file"
    fi
done
umount -l "$dir/etc" || give_up "cannot detach the tmpfs"
ip link set lo up || give_up "cannot bring lo up (is iproute2 installed?)"

# Before anybody knows this process: the kernel discards signals for which process 1 has no handler.
child= signalled=
forward() {
    signalled=$1
    [ -z "$child" ] || kill -s "$1" "$child" 2>/dev/null
}
for signal in HUP INT QUIT TERM USR1 USR2; do
    # At a terminal the kernel itself sends these two to the command.
    case $signal in INT | QUIT) [ -t 0 ] && trap : $signal && continue ;; esac
    trap "forward $signal" $signal
done
exec 3<"$dir/go" || give_up "the command that started it is gone"
echo "$pid" >"$dir/up"
read -r name address log <&3 || exit 125
exec 3<&-

echo "$name" >/proc/sys/kernel/hostname
[ -e /etc/hostname ] && echo "$name" >/etc/hostname
[ -e /etc/hosts ] && cat >/etc/hosts <<END
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::	ip6-localnet
ff00::	ip6-mcastprefix
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
$address	$name
END
[ -e /etc/resolv.conf ] && echo "# tapswitch: this version answers no DNS" >/etc/resolv.conf
HOSTNAME=$name
export HOSTNAME
if [ -n "$log" ]; then
    exec </dev/null >>"$log" 2>&1
fi

# A shell without job control starts what runs beside it with INT and QUIT ignored, which env undoes (the inner
# shell is there because env takes a command with = in its name for a variable), and with an empty input, which is why
# the input is kept elsewhere meanwhile.
exec 4<&0
env --default-signal=INT,QUIT sh -c 'exec "$@"' sh "$@" <&4 4<&- &
child=$!
exec 4<&-
[ -z "$signalled" ] || kill -s "$signalled" "$child" 2>/dev/null
while :; do
    signalled=
    wait "$child"
    code=$?
    [ -n "$signalled" ] || break
done
if [ -n "$log" ] && [ "$log_fate" = remove-log ]; then
    rm -f "$log"
fi
exit "$code"
