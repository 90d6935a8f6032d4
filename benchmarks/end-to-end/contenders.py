"""The switches that are compared: each makes two containers, 10.77.0.2 (a) and 10.77.0.3 (b), MTU 1500, around itself.

What translates addresses has one container, 10.77.0.2 (a), and an outside, 192.0.2.9 (b), on a wire to its host, 192.0.2.1.

A contender lives in three network namespaces of its own (host, a, b), so all can stand at once. Everything it starts is
a child of this process in a session of its own, and ends with down().
"""
import os
import signal
import subprocess
import time
import shutil

ADDRESS = {"a": "10.77.0.2", "b": "10.77.0.3"}
SUBNET = "10.77.0.0/24"
GATEWAY = "10.77.0.1"
HOST, OUTSIDE = "192.0.2.1", "192.0.2.9"
TRAFFIC_PORT, IPERF_PORT = "7001", "5201"
PREFIX = "tsbench"


class Failed(Exception):
    """A contender or a measurement did not work; the text says why."""


def run(*command, check=True, env=None, timeout=60):
    result = subprocess.run(command, capture_output=True, text=True, env=env, timeout=timeout)
    if check and result.returncode:
        raise Failed(f"{' '.join(command)}: {(result.stderr or result.stdout).strip()[-600:]}")
    return result.stdout


def sweep():
    """Removes what an earlier run left that was killed too hard to clean up: namespaces of processes that are gone."""
    for line in run("ip", "netns", "list").splitlines():
        name = line.split()[0] if line.split() else ""
        owner = name[len(PREFIX):].split("-")[0]
        if name.startswith(PREFIX) and owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
            for pid in run("ip", "netns", "pids", name, check=False).split():
                os.kill(int(pid), signal.SIGKILL)
            run("ip", "netns", "del", name, check=False)


class Contender:
    title = ""
    programs = ()
    # From where to where the traffic goes, and by which address.
    client, server, target = "a", "b", ADDRESS["b"]
    port_range = "10000 65000"
    # Whether it is asked for names and nothing else.
    answers_names = False
    # How long it works before it is measured.
    warm_seconds = 1

    def __init__(self, name, directory, switch_cpu):
        self.name, self.directory, self.switch_cpu = name, directory, switch_cpu
        self.processes = []
        self.ns = {place: f"{PREFIX}{os.getpid()}-{name}-{place}" for place in ("host", "a", "b")}

    @classmethod
    def missing(cls):
        return [p for p in cls.programs if not (shutil.which(p) or os.path.exists("/usr/sbin/" + p))]

    def up(self):
        os.makedirs(self.directory)
        for namespace in self.ns.values():
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
            for setting in ("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1",
                            "net.ipv4.tcp_no_metrics_save=1", f"net.ipv4.ip_local_port_range={self.port_range}"):
                run("ip", "netns", "exec", namespace, "sysctl", "-qw", setting, check=False)
        self.build()

    def build(self):
        raise NotImplementedError

    def start(self, place, *command, cpu=None, **options):
        """Starts a process in a namespace, on a CPU if one is given."""
        pin = ("taskset", "-c", cpu) if cpu else ()
        log = open(os.path.join(self.directory, os.path.basename(command[0]) + ".log"), "a")
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", log)
        process = subprocess.Popen(("ip", "netns", "exec", self.ns[place]) + pin + command,
                                   stderr=log, start_new_session=True, **options)
        self.processes.append(process)
        return process

    def log(self):
        text = ""
        for name in sorted(os.listdir(self.directory)):
            if name.endswith(".log"):
                with open(os.path.join(self.directory, name), errors="replace") as file:
                    text += file.read()[-1500:]
        return text

    def configure(self, place, device):
        """Gives a container's device its address."""
        run("ip", "-n", self.ns[place], "link", "set", device, "mtu", "1500", "up")
        run("ip", "-n", self.ns[place], "addr", "add", ADDRESS[place] + "/24", "dev", device)

    def adopt(self, device, place, seconds=10):
        """Moves a TAP that the switch has made, as soon as it is there, into a container."""
        deadline = time.monotonic() + seconds
        while device not in run("ip", "-n", self.ns["host"], "-o", "link"):
            if time.monotonic() > deadline:
                raise Failed(f"{self.title} made no {device}: {self.log()}")
            time.sleep(0.05)
        run("ip", "-n", self.ns["host"], "link", "set", device, "netns", self.ns[place])
        self.configure(place, device)

    def down(self):
        for process in reversed(self.processes):
            end(process)
        for namespace in self.ns.values():
            run("ip", "netns", "del", namespace, check=False)


def end(process):
    """Ends a process and what it started: all of its session."""
    for number, seconds in ((signal.SIGTERM, 6), (signal.SIGKILL, 2)):
        try:
            os.killpg(process.pid, number)
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            process.wait(1)
            return


class Bridge(Contender):
    title = "Linux bridge + veth"

    def build(self):
        host = self.ns["host"]
        run("ip", "-n", host, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", host, "link", "set", "br0", "up")
        for place in ("a", "b"):
            run("ip", "-n", host, "link", "add", "port-" + place, "type", "veth",
                "peer", "name", "eth0", "netns", self.ns[place])
            run("ip", "-n", host, "link", "set", "port-" + place, "master", "br0", "up")
            self.configure(place, "eth0")


class Tapswitch(Contender):
    title = "tapswitch"
    workers = 1
    uplink = "none"
    command = ()

    def build(self):
        self.start_daemon()
        for place in ("a", "b"):
            self.attach(place)

    @staticmethod
    def launcher():
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        return os.path.normpath(os.path.join(root, "scripts", "tapswitch"))

    def start_daemon(self):
        launcher = self.launcher()
        socket = os.path.join(self.directory, "s.sock")
        daemon = self.start("host", launcher, "--socket", socket, "daemon", "--detach-on-exit", "--uplink",
                            self.uplink, "--state-dir", os.path.join(self.directory, "state"), "--run-dir",
                            self.run_directory(), "--workers", str(self.workers), cpu=self.switch_cpu)
        self.await_ready(daemon)
        self.command = ("ip", "netns", "exec", self.ns["host"], launcher, "--socket", socket)
        run(*self.command, "network", "create", "--subnet", SUBNET, "bench")

    def run_directory(self):
        return os.path.join(self.directory, "run")

    def attach(self, place, *flags):
        run(*self.command, "attach", "--netns", self.ns[place], "--network", "bench", "--name", place,
            "--ip", ADDRESS[place], *flags)

    def await_ready(self, daemon, seconds=30, ready=1):
        """Waits until so many daemons of this contender have said that they are ready."""
        deadline = time.monotonic() + seconds
        while self.log().count("tapswitch: ready") < ready:
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise Failed("the daemon did not become ready: " + (self.log().strip() or "it said nothing"))
            time.sleep(0.05)


class TapswitchTwoWorkers(Tapswitch):
    title = "tapswitch --workers 2"
    workers = 2


class OpenVSwitch(Contender):
    title = "Open vSwitch, userspace"
    programs = ("ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "ovsdb-tool")
    schema = "/usr/share/openvswitch/vswitch.ovsschema"

    def build(self):
        d = self.directory
        env = {**os.environ, "OVS_RUNDIR": d, "OVS_LOGDIR": d, "OVS_DBDIR": d,
               "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
        run("ovsdb-tool", "create", f"{d}/conf.db", self.schema, env=env)
        self.start("host", "ovsdb-server", f"{d}/conf.db", f"--remote=punix:{d}/db.sock", "-vconsole:off", env=env)
        self.await_file(f"{d}/db.sock")

        def vsctl(*words):
            run("ip", "netns", "exec", self.ns["host"], "ovs-vsctl", "-t", "10", f"--db=unix:{d}/db.sock", *words,
                env=env)

        vsctl("--no-wait", "init")
        self.start("host", "ovs-vswitchd", f"unix:{d}/db.sock", "--no-chdir", "-vconsole:off", "-vsyslog:off",
                   f"--pidfile={d}/vswitchd.pid", env=env, cpu=self.switch_cpu)
        vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
        for place in ("a", "b"):
            vsctl("add-port", "br0", "tap-" + place, "--", "set", "interface", "tap-" + place, "type=internal")
            self.adopt("tap-" + place, place)

    def await_file(self, path, seconds=10):
        deadline = time.monotonic() + seconds
        while not os.path.exists(path):
            if time.monotonic() > deadline:
                raise Failed(f"{path} did not appear: {self.log()}")
            time.sleep(0.05)


class Vde(Contender):
    title = "VDE"
    programs = ("vde_switch",)

    def build(self):
        # It ends when its standard input does.
        self.start("host", "vde_switch", "-s", os.path.join(self.directory, "ctl"), "-t", "tap-a", "-t", "tap-b",
                   stdin=subprocess.PIPE, cpu=self.switch_cpu)
        for place in ("a", "b"):
            self.adopt("tap-" + place, place)


class Outward:
    """What a contender is in addition that leads from a container, a, to an outside, b."""
    target = OUTSIDE
    # As hosts have it: what is outside of it is for NAT.
    port_range = "32768 60999"

    def lay_wire(self):
        run("ip", "-n", self.ns["host"], "link", "add", "uplink0", "type", "veth",
            "peer", "name", "eth0", "netns", self.ns["b"])
        for place, device, address in (("host", "uplink0", HOST), ("b", "eth0", OUTSIDE)):
            run("ip", "-n", self.ns[place], "addr", "add", address + "/24", "dev", device)
            run("ip", "-n", self.ns[place], "link", "set", device, "up")


class Inward(Outward):
    """The other way: the outside asks a published port."""
    client, server, target = "b", "a", HOST


class TapswitchMasquerade(Outward, Tapswitch):
    title = "tapswitch MASQUERADE"
    uplink = "shared"
    published = ()

    def build(self):
        self.lay_wire()
        self.start_daemon()
        self.attach("a", *(word for port in self.published for word in ("-p", port)))


    def run_directory(self):
        """In memory: what is mapped there while frames pass must not be on a disk."""
        return "/dev/shm/" + self.ns["host"] if os.path.isdir("/dev/shm") else super().run_directory()

    def down(self):
        """What it has left in the kernel is removed by its own command, while its host is still there."""
        for process in reversed(self.processes):
            end(process)
        if self.command:
            run(*self.command, "cleanup", "--state-dir", os.path.join(self.directory, "state"), "--run-dir",
                self.run_directory(), check=False)
            shutil.rmtree(self.run_directory(), ignore_errors=True)
        super().down()


class TapswitchPublished(Inward, TapswitchMasquerade):
    title = "tapswitch published port"
    published = (f"{TRAFFIC_PORT}:{TRAFFIC_PORT}", f"{TRAFFIC_PORT}:{TRAFFIC_PORT}/udp", f"{IPERF_PORT}:{IPERF_PORT}")


class NftMasquerade(Outward, Contender):
    """What Docker does: a bridge with veths, and the kernel's NAT."""
    title = "nft MASQUERADE"
    programs = ("nft",)
    rules = f"""table ip bench {{
        chain in {{ type nat hook prerouting priority dstnat;
            ip daddr {HOST} meta l4proto {{ tcp, udp }} th dport {{ {TRAFFIC_PORT}, {IPERF_PORT} }} dnat to {ADDRESS["a"]}; }}
        chain out {{ type nat hook postrouting priority srcnat; ip saddr {SUBNET} oifname "uplink0" masquerade; }}
    }}"""

    def build(self):
        self.lay_wire()
        host = self.ns["host"]
        run("ip", "-n", host, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", host, "addr", "add", GATEWAY + "/24", "dev", "br0")
        run("ip", "-n", host, "link", "set", "br0", "up")
        run("ip", "-n", host, "link", "add", "port-a", "type", "veth", "peer", "name", "eth0", "netns", self.ns["a"])
        run("ip", "-n", host, "link", "set", "port-a", "master", "br0", "up")
        self.configure("a", "eth0")
        run("ip", "-n", self.ns["a"], "route", "add", "default", "via", GATEWAY)
        run("ip", "netns", "exec", host, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        path = os.path.join(self.directory, "rules")
        with open(path, "w") as file:
            file.write(self.rules)
        run("ip", "netns", "exec", host, "nft", "-f", path)


class NftPublished(Inward, NftMasquerade):
    title = "nft DNAT"


class Slirp(Outward, Contender):
    title = "slirp4netns"
    programs = ("slirp4netns",)
    device = "tap0"

    def build(self):
        self.lay_wire()
        # It wants a way out to be there.
        run("ip", "-n", self.ns["host"], "route", "add", "default", "via", OUTSIDE)
        self.start("host", *self.words(), cpu=self.switch_cpu)
        deadline = time.monotonic() + 10
        while "default" not in run("ip", "-n", self.ns["a"], "route"):
            if time.monotonic() > deadline:
                raise Failed(f"{self.title} made no way out: {self.log()}")
            time.sleep(0.05)

    def words(self):
        return "slirp4netns", "-c", "-m", "1500", "--netns-type=path", "/run/netns/" + self.ns["a"], self.device


class Pasta(Slirp):
    title = "pasta"
    programs = ("pasta",)

    def words(self):
        return ("pasta", "-f", "--no-map-gw", "--netns-only", "--runas", "0", "-4", "--config-net", "-m", "1500",
                "-t", "none", "-u", "none", "--netns", "/run/netns/" + self.ns["a"])


class Names:
    """What a contender is in addition that knows b by many names and is asked for them by a, on UDP port 53."""
    answers_names = True
    target = GATEWAY
    names = [f"n{i}" for i in range(50)]

    def await_names(self, seconds=10):
        deadline = time.monotonic() + seconds
        command = ("ip", "netns", "exec", self.ns["a"], "dig", "+short", "+tries=1", "+time=1", "@" + self.target)
        while run(*command, self.names[-1], check=False).split() != [ADDRESS["b"]]:
            if time.monotonic() > deadline:
                raise Failed(f"{self.title} knows no {self.names[-1]}: {self.log()}")
            time.sleep(0.05)


class TapswitchNames(Names, Tapswitch):
    title = "tapswitch names"
    programs = ("dnsperf", "dig")

    def build(self):
        self.start_daemon()
        self.attach("a")
        self.attach("b", *(word for name in self.names for word in ("--network-alias", name)))
        self.await_names()


class Dnsmasq(Names, Bridge):
    """A server with a socket on the bridge's address."""
    title = "dnsmasq"
    programs = ("dnsperf", "dig", "dnsmasq")

    def build(self):
        super().build()
        run("ip", "-n", self.ns["host"], "addr", "add", GATEWAY + "/24", "dev", "br0")
        self.serve()
        self.await_names()

    def serve(self):
        self.start("host", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                   "--user=root", "--pid-file", "--bind-interfaces", "--listen-address=" + GATEWAY, "--local-ttl=5",
                   *(f"--host-record={name},{ADDRESS['b']}" for name in self.names), cpu=self.switch_cpu)


class Aardvark(Dnsmasq):
    """What podman's networks ask."""
    title = "aardvark-dns"
    programs = ("dnsperf", "dig")
    server_program = "/usr/lib/podman/aardvark-dns"

    @classmethod
    def missing(cls):
        return super().missing() + [p for p in (cls.server_program,) if not os.path.exists(p)]

    def serve(self):
        config = os.path.join(self.directory, "aardvark")
        os.makedirs(config)
        with open(os.path.join(config, "bench"), "w") as file:
            file.write(GATEWAY + "\n")
            for place, names in (("a", "a"), ("b", ",".join(self.names))):
                file.write(f"{place * 64} {ADDRESS[place]}  {names}\n")
        self.start("host", self.server_program, "--config", config, "--port", "53", "run", cpu=self.switch_cpu)

    def down(self):
        """It goes into the background by itself, into a session of its own."""
        for pid in run("ip", "netns", "pids", self.ns["host"], check=False).split():
            os.kill(int(pid), signal.SIGKILL)
        super().down()


KINDS = {"tapswitch": Tapswitch, "tapswitch-2": TapswitchTwoWorkers, "bridge": Bridge, "ovs": OpenVSwitch, "vde": Vde,
         "tapswitch-masquerade": TapswitchMasquerade, "nft-masquerade": NftMasquerade,
         "tapswitch-published": TapswitchPublished, "nft-published": NftPublished,
         "slirp4netns": Slirp, "pasta": Pasta,
         "tapswitch-names": TapswitchNames, "dnsmasq": Dnsmasq, "aardvark": Aardvark}
# What is measured beside each other, by the word that --only knows it by.
GROUPS = {"nat": ["tapswitch-masquerade", "nft-masquerade", "tapswitch-published", "nft-published", "slirp4netns", "pasta"],
          "names": ["tapswitch-names", "dnsmasq", "aardvark"],
          "vxlan": [name + wire for wire in ("", "-plain", "-gro")
                    for name in ("tapswitch-vxlan", "tapswitch-vxlan-socket", "kernel-vxlan")]
                   + ["tapswitch-vxlan-encrypted"]}
