# The first process of what `tapswitch run` makes: process 1 of a new PID namespace, in new mount and UTS namespaces, and
# in the network namespace that it is to use. Arguments:
#
#   $1 the handshake directory
#   $2 "own": the network namespace is new, and lo must be brought up; "joined": it is another's
#   $3 "files": /etc/hosts and /etc/resolv.conf are replaced; "resolver": only the second; "as-is": none
#   $4 whose terminal our input is: "own": the command's, whose session gets it; "shared": that of those who started us,
#      so that Ctrl-C reaches the command by itself; "none": it is no terminal
#   then the command
#
#   1 says its PID on $dir/up once everything that can fail is done, and waits
#   2 is told on $dir/go that the network is attached, line by line: a word and its value, and "start" at the end; or
#     reads the end of the file and ends, because then nobody attached it
#   3 starts the command and stays: it hands signals on, reaps orphans, and ends with the command's exit code. The
#     command itself is not process 1, because the kernel discards signals that process 1 has no handler for.
dir=$1 network=$2 files=$3 terminal=$4
shift 4
give_up() {
    echo "tapswitch: $1" >&2
    exit 125
}

# /proc is still the one of outside, so this is the number by which the daemon knows this process.
read -r pid rest </proc/self/stat || give_up "/proc is not mounted"
find_command "$1"
mount -t proc proc /proc || give_up "cannot mount /proc"
# The kernel refuses to mount it twice for one network namespace at one place: then it is the right one already.
mount -t sysfs sysfs /sys 2>"$dir/sys" || [ "$network" = joined ] || give_up "cannot mount /sys: $(cat "$dir/sys")"

# The files live on a tmpfs that only the bind mounts hold: when the last process ends, they are gone, whoever died how.
mount -t tmpfs -o size=1m,mode=755 tmpfs "$dir/etc" || give_up "cannot mount a tmpfs"
case $files in
files) replaced="hosts resolv.conf" ;;
resolver) replaced=resolv.conf ;;
*) replaced= ;;
esac
# A file that is missing on the host (or is a link to nowhere) must not appear there, so it is made in a layer over
# /etc that only this mount namespace has.
layered=
for file in $replaced; do
    [ -e "/etc/$file" ] && continue
    if [ -z "$layered" ]; then
        mkdir "$dir/etc/upper" "$dir/etc/work" || give_up "cannot make a layer over /etc"
        mount -t overlay -o "lowerdir=/etc,upperdir=$dir/etc/upper,workdir=$dir/etc/work" overlay /etc ||
            give_up "the host has no /etc/$file, and this kernel cannot lay one over it: make an empty one"
        layered=yes
    fi
    rm -f "/etc/$file"
    : >"/etc/$file" || give_up "cannot make /etc/$file"
done
for file in hostname $replaced; do
    [ -e "/etc/$file" ] || continue
    # Readable by everybody, whatever our umask is. A link is followed: what is covered is the file that it leads to.
    : >"$dir/etc/$file" && chmod 644 "$dir/etc/$file" || give_up "cannot write /etc/$file"
    mount --bind "$dir/etc/$file" "/etc/$file" || give_up "cannot replace /etc/$file"
done
umount -l "$dir/etc" || give_up "cannot detach the tmpfs"
if [ "$network" = own ]; then
    ip link set lo up || give_up "cannot bring lo up (is iproute2 installed?)"
fi

# Before anybody knows this process: the kernel discards signals for which process 1 has no handler. A signal that comes
# while there is no command yet is kept for it.
child= pending= signalled=
forward() {
    signalled=$1
    if [ -n "$child" ]; then
        kill -s "$1" "$child" 2>/dev/null
    else
        pending="$pending $1"
    fi
}
for signal in HUP INT QUIT TERM USR1 USR2; do
    case $terminal/$signal in shared/INT | shared/QUIT) trap : $signal && continue ;; esac
    trap "forward $signal" $signal
done
exec 3<"$dir/go" || give_up "the command that started it is gone"
if [ -p "$dir/idle" ]; then
    # Input that never comes and never ends, because a FIFO that is open for writing has no end: so a shell waits.
    exec 5<>"$dir/idle"
fi
echo "$pid" >"$dir/up"

word= name= log=
while read -r word value <&3; do
    case $word in
    hostname) name=$value ;;
    log) log=$value ;;
    hosts) printf "%s\n" "$value" >>/etc/hosts ;;
    resolver) printf "%s\n" "$value" >>/etc/resolv.conf ;;
    start) break ;;
    esac
done
[ "$word" = start ] || exit 125
exec 3<&-

echo "$name" >/proc/sys/kernel/hostname
[ -e /etc/hostname ] && echo "$name" >/etc/hostname
HOSTNAME=$name
export HOSTNAME
if [ -n "$log" ]; then
    exec </dev/null >>"$log" 2>&1
    [ -p /proc/self/fd/5 ] && exec <&5 5<&-
fi

# A shell without job control starts what runs beside it with INT and QUIT ignored, which env undoes (the inner
# shell is there because env takes a command with = in its name for a variable), and with an empty input, which is why
# the input is kept elsewhere meanwhile.
exec 4<&0
if [ "$terminal" = own ]; then
    # A session of its own makes the terminal the command's: Ctrl-C and Ctrl-Z reach it and what it starts, not us.
    setsid --ctty env --default-signal=INT,QUIT sh -c 'exec "$@"' sh "$@" <&4 2>&1 4<&- &
else
    env --default-signal=INT,QUIT sh -c 'exec "$@"' sh "$@" <&4 4<&- &
fi
started=$!
exec 4<&-

# Until its first exec the new process is a copy of this shell, handlers included, and a signal would do nothing there.
# So it gets none before: as long as it has our command line, signals are kept.
tries=0 ours= theirs=
read -r ours </proc/1/cmdline
while [ "$tries" -lt 2500 ]; do
    theirs=
    { read -r theirs <"/proc/$started/cmdline"; } 2>/dev/null
    [ "$theirs" = "$ours" ] || break
    sleep 0.002
    tries=$((tries + 1))
done
child=$started
for signal in $pending; do
    kill -s "$signal" "$child" 2>/dev/null
done

# A signal ends the wait with a code of its own; then it is waited for again. If the command ended in that moment, the
# shell may know it no more (127), and the first answer was the command's.
gone=
while :; do
    signalled=
    wait "$child"
    last=$?
    [ -n "$gone" ] && [ "$last" = 127 ] && break
    code=$last
    [ -n "$signalled" ] || break
    kill -0 "$child" 2>/dev/null || gone=yes
done
exit "$code"
