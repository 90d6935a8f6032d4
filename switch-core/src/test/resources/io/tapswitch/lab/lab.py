"""Traffic for the end-to-end tests, run inside a container's network namespace.

Plain python3 and the kernel's own sockets, so that the other end of every test is Linux and not tapswitch. Each verb
prints `ready` where somebody has to wait for it, and one line of JSON as its last line. A verb that runs until it is
told to stop ends when its standard input is closed.
"""
import argparse
import hashlib
import json
import os
import random
import select
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
SO_RCVBUFFORCE = 33
UDP_SEGMENT = 103


def say(**words):
    print(json.dumps(words), flush=True)


def ready():
    print("ready", flush=True)


def told_to_stop(timeout=0.0):
    """True when standard input was closed."""
    readable, _, _ = select.select([sys.stdin], [], [], timeout)
    return bool(readable) and os.read(0, 4096) == b""


def packet_socket(interface, receive):
    """An AF_PACKET socket; one that only sends is bound to no protocol, so that nothing queues up in it."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    if receive:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.bind((interface, ETH_P_ALL if receive else 0))
    return s


def send(o):
    """Sends the frames that standard input gives in hexadecimal, one a line, as they are.

    The kernel keeps a queue of about a thousand frames per TAP and drops what does not fit without a word, so the
    default rate leaves the switch time to read them.
    """
    frames = [bytes.fromhex(line) for line in sys.stdin if line.strip()]
    s = packet_socket(o.interface, False)
    sent, refused = 0, {}
    begin = time.monotonic()
    for _ in range(o.repeat):
        for frame in frames:
            try:
                s.send(frame)
                sent += 1
            except OSError as e:
                refused[os.strerror(e.errno)] = refused.get(os.strerror(e.errno), 0) + 1
            if o.rate and sent % 64 == 0:
                ahead = sent / o.rate - (time.monotonic() - begin)
                if ahead > 0:
                    time.sleep(ahead)
    say(sent=sent, refused=refused)


def flood(o):
    """Sends frames with ever new addresses: --vary source|destination; the address is 06 and five random bytes."""
    s = packet_socket(o.interface, False)
    own = bytes.fromhex(open(f"/sys/class/net/{o.interface}/address").read().strip().replace(":", ""))
    rng = random.Random(o.seed)
    rest = b"\x88\xb5" + b"flood".ljust(46, b"\0")
    begin = time.monotonic()
    for i in range(o.count):
        new = b"\x06" + rng.getrandbits(40).to_bytes(5, "big")
        if o.vary == "source":
            s.send(bytes.fromhex(o.destination) + new + rest)
        else:
            s.send(new + own + rest)
        if o.rate and i % 64 == 0:
            ahead = i / o.rate - (time.monotonic() - begin)
            if ahead > 0:
                time.sleep(ahead)
    say(sent=o.count, seconds=time.monotonic() - begin)


def with_vlan_tag(frame, ancillary):
    """The kernel takes the outermost VLAN tag out of a frame; this puts it back."""
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                return frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


def sniff(o):
    """Prints every frame that arrives in hexadecimal until the frame that carries the fence, or until told to stop.

    Fences of others are left out, and with --only frames that do not contain these bytes; with --count they are counted, not printed.
    """
    s = packet_socket(o.interface, True)
    fence = o.fence.encode() if o.fence else None
    only = bytes.fromhex(o.only) if o.only else None
    ready()
    seen, fenced, stopped = 0, False, False
    while not fenced:
        readable, _, _ = select.select([s] if stopped else [s, sys.stdin], [], [], 0.2 if stopped else None)
        if s in readable:
            frame, ancillary, _, _ = s.recvmsg(70000, 512)
            frame = with_vlan_tag(frame, ancillary)
            if fence and fence in frame:
                fenced = True
            elif (only is None or only in frame) and b"\x88\xb5fence-" not in frame:
                seen += 1
                if not o.count:
                    print(frame.hex(), flush=True)
        elif stopped:
            break
        elif os.read(0, 4096) == b"":
            stopped = True
    say(seen=seen, fenced=fenced)


def fence(o):
    """One broadcast frame of an experimental EtherType that carries a word: what came before it has arrived."""
    own = bytes.fromhex(open(f"/sys/class/net/{o.interface}/address").read().strip().replace(":", ""))
    packet_socket(o.interface, False).send(b"\xff" * 6 + own + b"\x88\xb5" + o.word.encode().ljust(46, b"\0"))
    say(sent=1)


def udp_flow_send(o):
    """Numbered datagrams at a steady rate until told to stop or --count is reached; rate 0 is as fast as it goes."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    s.connect((o.address, o.port))
    padding = bytes(max(0, o.size - 8))
    ready()
    begin, sent, refused = time.monotonic(), 0, 0
    pack = struct.Struct("!Q").pack
    if o.rate == 0:
        for sent in range(o.count):
            try:
                s.send(pack(sent) + padding)
            except OSError:
                refused += 1
        sent += 1
    else:
        while not (o.count and sent >= o.count):
            due = int((time.monotonic() - begin) * o.rate) + 1
            while sent < due and not (o.count and sent >= o.count):
                try:
                    s.send(pack(sent) + padding)
                except OSError:
                    refused += 1
                sent += 1
            if told_to_stop(max(0.0, begin + sent / o.rate - time.monotonic())):
                break
    say(sent=sent, refused=refused, seconds=time.monotonic() - begin)


def udp_flow_receive(o):
    """Counts numbered datagrams until told to stop and nothing came for 300 ms."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 512 << 20)
    s.bind(("0.0.0.0", o.port))
    s.settimeout(0.3)
    ready()
    seen, highest, reordered, received, longest, last = set(), -1, 0, 0, 0.0, None
    examples = []
    unpack = struct.Struct("!Q").unpack_from
    while True:
        try:
            data = s.recv(65536)
        except socket.timeout:
            if told_to_stop():
                break
            continue
        number = unpack(data)[0]
        received += 1
        if o.gaps:
            now = time.monotonic()
            longest = max(longest, now - last) if last is not None else 0.0
            last = now
            seen.add(number)
        if number < highest:
            reordered += 1
            if len(examples) < 8:
                examples.append([number, highest])
        else:
            highest = number
    say(received=received, distinct=len(seen) if o.gaps else received, reordered=reordered, highest=highest,
        examples=examples, longestGapMs=longest * 1000)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def udp_echo(o):
    s = socket.socket(family_of(o.bind), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    s.bind((o.bind, o.port))
    ready()
    while not told_to_stop_or_readable(s):
        data, peer = s.recvfrom(70000)
        s.sendto(data, peer)
    say(ended=True)


def told_to_stop_or_readable(s):
    readable, _, _ = select.select([s, sys.stdin], [], [])
    return s not in readable and os.read(0, 4096) == b""


def udp_exchange(o):
    """Datagrams of the given sizes with random content to an echo, each compared when it comes back."""
    s = socket.socket(family_of(o.address), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    s.settimeout(3)
    s.connect((o.address, o.port))
    rng = random.Random(o.seed)
    good, wrong = 0, []
    for size in [int(w) for w in o.sizes.split(",")]:
        data = rng.randbytes(size)
        s.send(data)
        try:
            if s.recv(70000) == data:
                good += 1
            else:
                wrong.append([size, "content"])
        except socket.timeout:
            wrong.append([size, "lost"])
    say(good=good, wrong=wrong)


def udp_segmented(o):
    """One send of many datagrams that the kernel (or the receiver) cuts: UDP_SEGMENT, a UDP super-frame (USO)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_UDP if hasattr(socket, "SOL_UDP") else 17, UDP_SEGMENT, o.size)
    s.connect((o.address, o.port))
    padding = bytes(o.size - 8)
    number = 0
    for _ in range(o.count):
        segments = b"".join(struct.pack("!Q", number + i) + padding for i in range(o.segments))
        s.send(segments)
        number += o.segments
        time.sleep(0.002)
    say(sent=number)


def blocks(seed, total):
    """The same random bytes for the same seed, in pieces."""
    rng = random.Random(seed)
    piece = rng.randbytes(1 << 20)
    while total > 0:
        yield memoryview(piece)[: min(total, len(piece))]
        total -= len(piece)
        piece = piece[1:] + piece[:1]


def tcp_sink(o):
    """Takes connections one after another and answers each stream with its length and SHA-256."""
    family = family_of(o.bind)
    listener = socket.create_server((o.bind, o.port), family=family, backlog=128)
    ready()
    taken = 0
    while not told_to_stop_or_readable(listener):
        connection, _ = listener.accept()
        digest, length = hashlib.sha256(), 0
        with connection:
            while data := connection.recv(1 << 20):
                digest.update(data)
                length += len(data)
            connection.sendall(f"{length} {digest.hexdigest()}".encode())
        taken += 1
    say(taken=taken)


def tcp_send(o):
    """Sends --bytes bytes and compares the answer of the sink."""
    digest = hashlib.sha256()
    begin = time.monotonic()
    with socket.create_connection((o.address, o.port), timeout=o.timeout) as s:
        for block in blocks(o.seed, o.bytes):
            digest.update(block)
            s.sendall(block)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while data := s.recv(4096):
            answer += data
    say(same=answer.decode() == f"{o.bytes} {digest.hexdigest()}", answer=answer.decode(),
        seconds=time.monotonic() - begin)


def serve(o):
    """HTTP on all addresses of both families; tells each client by which address it is seen."""
    listener = socket.create_server(("::", o.port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True)
    ready()
    served = 0
    while not told_to_stop_or_readable(listener):
        connection, peer = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                connection.recv(65536)
                connection.sendall(f"HTTP/1.0 200 OK\r\n\r\nI see you as {peer[0].removeprefix('::ffff:')}\n".encode())
                served += 1
            except OSError:
                pass
    say(served=served)


def connects(o):
    """Opens and closes --count connections to a sink, one byte each."""
    good = 0
    for _ in range(o.count):
        with socket.create_connection((o.address, o.port), timeout=3) as s:
            s.sendall(b"x")
            s.shutdown(socket.SHUT_WR)
            good += s.recv(100).startswith(b"1 ")
    say(good=good)


def main():
    p = argparse.ArgumentParser()
    verbs = p.add_subparsers(dest="verb", required=True)

    def verb(function, *arguments):
        v = verbs.add_parser(function.__name__.replace("_", "-"))
        v.set_defaults(function=function)
        for name, kind, default in arguments:
            if kind is bool:
                v.add_argument("--" + name, action="store_true")
            else:
                v.add_argument("--" + name, type=kind, default=default, required=default is None)

    interface, port, seed = ("interface", str, "eth0"), ("port", int, 5000), ("seed", int, 1)
    address = ("address", str, None)
    verb(send, interface, ("rate", int, 20000), ("repeat", int, 1))
    verb(flood, interface, ("count", int, None), ("rate", int, 0), ("vary", str, "source"), seed,
         ("destination", str, "ffffffffffff"))
    verb(sniff, interface, ("fence", str, ""), ("only", str, ""), ("count", bool, False))
    verb(fence, interface, ("word", str, None))
    verb(udp_flow_send, address, port, ("rate", int, 1000), ("count", int, 0), ("size", int, 22))
    verb(udp_flow_receive, port, ("gaps", bool, False))
    verb(udp_echo, ("bind", str, "0.0.0.0"), port)
    verb(udp_exchange, address, port, ("sizes", str, None), seed)
    verb(udp_segmented, address, port, ("size", int, 1000), ("segments", int, 40), ("count", int, 20))
    verb(tcp_sink, port, ("bind", str, "0.0.0.0"))
    verb(tcp_send, address, port, ("bytes", int, None), seed, ("timeout", float, 10.0))
    verb(serve, port)
    verb(connects, address, port, ("count", int, 100))
    o = p.parse_args()
    o.function(o)


main()
