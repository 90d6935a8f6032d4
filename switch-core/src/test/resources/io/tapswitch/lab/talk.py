"""Clients and servers for the tests of NAT: each says by which address and port it sees the other.

Plain python3 and the kernel's own sockets. Each verb prints `ready` where somebody has to wait for it, and JSON lines.
A verb that runs until it is told to stop ends when its standard input is closed.
"""
import argparse
import errno
import fcntl
import json
import os
import resource
import selectors
import socket
import struct
import sys
import threading
import time

BACKLOG = 65535
SO_RCVBUFFORCE = 33
IP_RECVERR = 11
IPV6_RECVERR = 25
IP_PKTINFO = 8
RECEIVE_PKTINFO = {socket.AF_INET: (socket.IPPROTO_IP, IP_PKTINFO),
                   socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO)}
WORDS = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EHOSTUNREACH: "host unreachable",
         errno.ENETUNREACH: "network unreachable", errno.EACCES: "prohibited", errno.EPIPE: "reset",
         errno.EMSGSIZE: "too large", errno.ETIMEDOUT: "timeout", errno.ECONNABORTED: "reset"}


def say(**words):
    print(json.dumps(words), flush=True)


def word(error):
    return "timeout" if isinstance(error, TimeoutError) else WORDS.get(error.errno, os.strerror(error.errno or 0))


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def target(text):
    """192.0.2.9:80 or [2001:db8::9]:80"""
    address, port = text.rsplit(":", 1)
    return address.strip("[]"), int(port)


def name(peer):
    """What is written for a peer: address, blank, port."""
    return f"{peer[0]} {peer[1]}"


def many_files():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def by_the_address(ancillary):
    """What makes an answer leave from the address that was asked, where there are several."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            return [(level, kind, struct.pack("I", 0) + data[8:12] + data[8:12])]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            return [(level, kind, data[:16] + struct.pack("I", 0))]
    return []


def answer(o):
    """Servers on TCP and UDP ports of all addresses of both families (or of one address). A TCP client is told first as
    whom it is seen; then each gets back what it says. A UDP client gets both in one datagram, in two lines."""
    many_files()
    selector = selectors.DefaultSelector()
    ports = lambda text: [int(p) for p in text.split(",") if p]
    served = {"tcp": 0, "udp": 0}
    for bind in o.bind.split(",") if o.bind else ("0.0.0.0", "::"):
        for kind, words in ((socket.SOCK_STREAM, o.tcp), (socket.SOCK_DGRAM, o.udp)):
            for port in ports(words):
                s = socket.socket(family(bind), kind)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if o.share:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                if family(bind) == socket.AF_INET6:
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                if kind == socket.SOCK_DGRAM:
                    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
                    s.setsockopt(*RECEIVE_PKTINFO[family(bind)], 1)
                s.bind((bind, port))
                s.setblocking(False)
                if kind == socket.SOCK_STREAM:
                    s.listen(BACKLOG)
                selector.register(s, selectors.EVENT_READ, "listener" if kind == socket.SOCK_STREAM else "udp")
    selector.register(sys.stdin, selectors.EVENT_READ, "stdin")
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            s = key.fileobj
            try:
                if key.data == "stdin":
                    if os.read(0, 4096) == b"":
                        return say(**served)
                elif key.data == "listener":
                    connection, peer = s.accept()
                    connection.setblocking(False)
                    served["tcp"] += 1
                    selector.register(connection, selectors.EVENT_READ, "connection")
                    connection.send((name(peer) + "\n").encode())
                elif key.data == "udp":
                    data, ancillary, _, peer = s.recvmsg(70000, 200)
                    served["udp"] += 1
                    s.sendmsg([name(peer).encode() + b"\n" + data], by_the_address(ancillary), 0, peer)
                else:
                    data = s.recv(1 << 16)
                    if data:
                        s.send(data)
                    else:
                        selector.unregister(s)
                        s.close()
            except BlockingIOError:
                pass
            except OSError:
                if key.data == "connection":
                    selector.unregister(s)
                    s.close()


def endpoint(o, address, kind):
    s = socket.socket(family(address), kind)
    if o.sport or getattr(o, "source", ""):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((getattr(o, "source", "") or ("::" if family(address) == socket.AF_INET6 else "0.0.0.0"), o.sport))
    s.settimeout(o.timeout)
    return s


def ask_tcp(o, to):
    with endpoint(o, to[0], socket.SOCK_STREAM) as s:
        s.connect(to)
        greeting = b""
        while b"\n" not in greeting:
            data = s.recv(100)
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "closed")
            greeting += data
        s.sendall(b"goodbye")
        got = b""
        while len(got) < 7:
            data = s.recv(100)
            if not data:
                raise ConnectionResetError(errno.ECONNRESET, "closed")
            got += data
        return greeting.decode().split(), s.getsockname()[:2]


def ask_udp(o, to):
    with endpoint(o, to[0], socket.SOCK_DGRAM) as s:
        if family(to[0]) == socket.AF_INET:
            s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        else:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        # Connected: what comes from another address or port than was asked is no answer.
        s.connect(to)
        data = os.urandom(o.size)
        s.send(data)
        answer = s.recv(70000)
        head, _, rest = answer.partition(b"\n")
        if rest != data:
            raise OSError(errno.EBADMSG, "other content")
        return head.decode().split(), s.getsockname()[:2]


def ask(o):
    """Asks one server after the other, from the same source port if one is given, by whom it is seen."""
    answers = []
    for text in o.to.split(","):
        to = target(text)
        row = {"to": text, "seen": "", "port": 0, "own": 0, "error": ""}
        for attempt in range(o.attempts):
            try:
                seen, own = (ask_tcp if o.protocol == "tcp" else ask_udp)(o, to)
                row.update(seen=seen[0], port=int(seen[1]), own=own[1], error="")
                break
            except OSError as e:
                row["error"] = word(e)
        answers.append(row)
    say(answers=answers)


def hold(o):
    """Opens connections, so many to each target (from one source port, if it is given), and keeps them. `check` on standard input sends a word over each and
    says how many came back; the end of standard input ends it."""
    many_files()
    selector = selectors.DefaultSelector()
    targets = [target(text) for text in o.to.split(",")]
    left = [to for to in targets for _ in range(o.count)]
    left = [left[i * o.count + j] for j in range(o.count) for i in range(len(targets))]
    held, waiting, failed, seen = [], {}, {}, []
    begin, overall = time.monotonic(), time.monotonic() + o.overall

    def fail(s, why):
        waiting.pop(s, None)
        selector.unregister(s)
        s.close()
        failed[why] = failed.get(why, 0) + 1

    def open_one(to):
        s = endpoint(o, to[0], socket.SOCK_STREAM)
        s.setblocking(False)
        code = s.connect_ex(to)
        if code not in (0, errno.EINPROGRESS):
            s.close()
            failed[WORDS.get(code, os.strerror(code))] = failed.get(WORDS.get(code, os.strerror(code)), 0) + 1
            return
        waiting[s] = time.monotonic() + o.timeout
        selector.register(s, selectors.EVENT_READ)

    while (left or waiting) and time.monotonic() < overall:
        while left and len(waiting) < o.parallel:
            open_one(left.pop())
        for key, _ in selector.select(0.5):
            s = key.fileobj
            try:
                greeting = s.recv(100)
                if not greeting:
                    fail(s, "closed")
                    continue
                del waiting[s]
                selector.unregister(s)
                held.append(s)
                if len(seen) < o.tell:
                    seen.append([s.getsockname()[1]] + greeting.decode().split())
            except OSError as e:
                fail(s, word(e))
        now = time.monotonic()
        for s in [s for s, deadline in waiting.items() if deadline < now] if len(waiting) < 2000 or not left else []:
            fail(s, "timeout")
    for s in list(waiting):
        fail(s, "timeout")
    print("ready", flush=True)
    say(held=len(held), failed=failed, seen=seen, seconds=time.monotonic() - begin)
    number = 0
    for line in sys.stdin:
        if line.strip() == "check":
            number += 1
            say(**check(held, f"word {number:8}".encode(), o.patience))


def check(held, words, timeout):
    """A word over each connection and back. Of the first that do not come back it says what the kernel knows of them."""
    good, errors, lost = 0, {}, []

    def fail(s, e):
        errors[word(e)] = errors.get(word(e), 0) + 1
        if len(lost) < 5:
            lost.append(condition(s))

    deadline = time.monotonic() + timeout
    # Not all at once: what a TAP's queue does not hold is sent again at the same moment by all, and lost again.
    for i in range(0, len(held), 500):
        sent = []
        for s in held[i:i + 500]:
            try:
                s.setblocking(False)
                s.send(words)
                sent.append(s)
            except OSError as e:
                fail(s, e)
        for s in sent:
            try:
                got = b""
                while len(got) < len(words):
                    s.settimeout(max(0.01, deadline - time.monotonic()))
                    data = s.recv(len(words) - len(got))
                    if not data:
                        raise ConnectionResetError(errno.ECONNRESET, "closed")
                    got += data
                good += got == words
            except OSError as e:
                fail(s, e)
    return {"good": good, "errors": errors, "lost": lost}


def condition(s):
    """State, retransmits, probes and backoff of a connection (struct tcp_info of linux/tcp.h), and what is unacknowledged."""
    info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    state, _, retransmits, probes, backoff = struct.unpack_from("5B", info)
    unacked, = struct.unpack_from("I", info, 24)
    return (f"{s.getsockname()} state {state}, {retransmits} retransmits, {probes} probes, backoff {backoff}, "
            f"{unacked} unacknowledged")


def hammer(o):
    """New clients at a steady rate until told to stop, and what became of each within the timeout: answered, refused,
    timeout (no connection), reset, or silent (a connection that leads nowhere). The story is what became of them in the
    order of their beginning, what is equal counted together."""
    many_files()
    to = target(o.to)
    fates = []
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    open_ones, begin, sent, stopping = {}, time.monotonic(), 0, False

    def end(s, why):
        fates[open_ones[s][1]] = why
        selector.unregister(s)
        del open_ones[s]
        s.close()

    print("ready", flush=True)
    while not stopping or open_ones:
        now = time.monotonic()
        while not stopping and sent < (now - begin) * o.rate:
            s = socket.socket(family(to[0]), socket.SOCK_STREAM)
            s.setblocking(False)
            s.connect_ex(to)
            open_ones[s] = (now + o.timeout, sent)
            selector.register(s, selectors.EVENT_READ)
            fates.append("")
            sent += 1
        for key, _ in selector.select(0.0005):
            s = key.fileobj
            if s is sys.stdin:
                if os.read(0, 4096) == b"":
                    stopping = True
                    selector.unregister(sys.stdin)
                continue
            try:
                data = s.recv(100)
                end(s, "answered" if data else "reset")
            except OSError as e:
                end(s, word(e))
        for s, (deadline, _) in list(open_ones.items())[:50]:
            if deadline < now:
                try:
                    s.getpeername()
                    end(s, "silent")
                except OSError:
                    end(s, "timeout")
    story = []
    for fate in fates:
        if story and story[-1][0] == fate:
            story[-1][1] += 1
        else:
            story.append([fate, 1])
    say(sent=sent, story=story)


def udp(o):
    """A UDP socket under command: `send ADDRESS PORT WORDS` sends, `hear SECONDS` says the next datagram or error."""
    s = socket.socket(family(o.bind), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((o.bind, o.sport))
    if family(o.bind) == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    print("ready", flush=True)
    say(port=s.getsockname()[1])
    for line in sys.stdin:
        verb, *rest = line.split(" ", 3)
        if verb == "send":
            try:
                s.sendto(rest[2].strip().encode(), (rest[0], int(rest[1])))
                say(sent=True, error="")
            except OSError as e:
                say(sent=False, error=word(e))
        elif verb == "hear":
            s.settimeout(float(rest[0]))
            try:
                data, peer = s.recvfrom(70000)
                say(address=peer[0], port=peer[1], words=data.decode(errors="replace"), error="")
            except OSError as e:
                say(address="", port=0, words="", error=word(e))


def flood(o):
    """One datagram each of --count flows, of ever new source and destination ports, as fast as it goes or at --rate."""
    own = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
    source, destination = socket.inet_aton(o.source), socket.inet_aton(o.to)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 36, 0, 0, 64, 17, 0, source, destination)
    total = sum(struct.unpack("!10H", head))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:]
    ether = bytes.fromhex(o.mac.replace(":", "")) + own + b"\x08\x00" + head
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind(("eth0", 0))
    ports = struct.Struct("!HHHH")
    begin, refused = time.monotonic(), 0
    for i in range(o.count):
        # No checksum: 0 is legal in IPv4.
        udp = ports.pack(1024 + i % 60000, 1024 + i // 60000 * 7 % 60000, 16, 0)
        try:
            s.send(ether + udp + b"flooding")
        except OSError:
            refused += 1
        if o.rate and i % 64 == 0:
            ahead = i / o.rate - (time.monotonic() - begin)
            if ahead > 0:
                time.sleep(ahead)
    say(sent=o.count, refused=refused, seconds=time.monotonic() - begin)


def relay(o):
    """A tunnel without Ethernet headers, as VPNs make it: device --name in this namespace, the same in namespace --far;
    what goes in at one end comes out at the other."""
    def tun(device):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH22x", device.encode(), 0x1001))
        return fd

    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    one = tun(o.name)
    libc = __import__("ctypes").CDLL(None, use_errno=True)
    far = os.open("/run/netns/" + o.far, os.O_RDONLY)
    if libc.setns(far, 0x40000000):
        sys.exit("setns")
    two = tun(o.name)
    libc.setns(here, 0x40000000)

    def carry(source, destination):
        while True:
            try:
                os.write(destination, os.read(source, 70000))
            except OSError as e:
                if e.errno not in (errno.EIO, errno.EINVAL):
                    return

    for pair in ((one, two), (two, one)):
        threading.Thread(target=carry, args=pair, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)


def main():
    p = argparse.ArgumentParser()
    verbs = p.add_subparsers(dest="verb", required=True)

    def verb(function, *arguments):
        v = verbs.add_parser(function.__name__)
        v.set_defaults(function=function)
        for argument, kind, default in arguments:
            v.add_argument("--" + argument, type=kind, default=default, required=default is None)

    to, sport, timeout = ("to", str, None), ("sport", int, 0), ("timeout", float, 2.0)
    verb(answer, ("tcp", str, ""), ("udp", str, ""), ("bind", str, ""), ("share", int, 0))
    verb(ask, ("protocol", str, None), to, sport, timeout, ("source", str, ""), ("size", int, 20), ("attempts", int, 1))
    verb(hold, to, ("count", int, 1), ("timeout", float, 10.0), ("overall", float, 300.0), ("parallel", int, 200),
         ("tell", int, 100), ("patience", float, 40.0), sport)
    verb(hammer, to, ("rate", int, 1000), ("timeout", float, 1.0))
    verb(udp, ("bind", str, "0.0.0.0"), sport)
    verb(flood, ("source", str, None), to, ("mac", str, None), ("count", int, 1000), ("rate", int, 0))
    verb(relay, ("name", str, "vpn0"), ("far", str, None))
    o = p.parse_args()
    o.function(o)


main()
