"""Two hosts with a wire between them, a container on each, and VXLAN between the hosts.

The wire's MTU is 1550, so the containers' is 1500 as everywhere here. "plain" is the same without transmit offloads of the
wire's devices: the packets are cut and summed before they go out. They arrive one by one, as veths do not join them; "gro" is
a plain wire whose devices do (generic-receive-offload), as the drivers of cards do by default.

"encrypted" is a network made with -o encrypted. Such a one is a cluster's, so its hosts have an etcd, in a namespace of its own.
"""
import os
import shutil
import time

from contenders import ADDRESS, PREFIX, SUBNET, Contender, Failed, Tapswitch, end, run

WIRE = {"host": "192.0.2.1", "host2": "192.0.2.2"}
HOME = {"a": "host", "b": "host2"}
VNI = "4096"


class TwoHosts:
    """What a contender is in addition whose containers are on two hosts."""
    offloads = True
    gro = False
    wire_mtu = 1550

    def __init__(self, name, directory, switch_cpu):
        super().__init__(name, directory, switch_cpu)
        self.ns["host2"] = f"{PREFIX}{os.getpid()}-{name}-host2"

    def lay_wire(self):
        run("ip", "-n", self.ns["host"], "link", "add", "uplink0", "type", "veth",
            "peer", "name", "uplink0", "netns", self.ns["host2"])
        for place, address in WIRE.items():
            run("ip", "-n", self.ns[place], "addr", "add", address + "/24", "dev", "uplink0")
            run("ip", "-n", self.ns[place], "link", "set", "uplink0", "mtu", str(self.wire_mtu), "up")
            if not self.offloads:
                run("ip", "netns", "exec", self.ns[place], "ethtool", "-K", "uplink0",
                    "tx", "off", "tso", "off", "gso", "off", "tx-udp_tnl-segmentation", "off",
                    "tx-udp_tnl-csum-segmentation", "off", "gro", "on" if self.gro else "off")


class KernelVxlan(TwoHosts, Contender):
    """What Docker does: on each host a bridge, a veth to the container, and a vxlan device."""
    title = "kernel bridge + vxlan"

    def build(self):
        self.lay_wire()
        for place, home in HOME.items():
            host, other = self.ns[home], WIRE["host2" if home == "host" else "host"]
            run("ip", "-n", host, "link", "add", "br0", "type", "bridge")
            run("ip", "-n", host, "link", "add", "vx0", "type", "vxlan", "id", VNI, "dstport", "4789",
                "local", WIRE[home], "remote", other)
            run("ip", "-n", host, "link", "add", "port", "type", "veth", "peer", "name", "eth0",
                "netns", self.ns[place])
            for device in ("vx0", "port"):
                run("ip", "-n", host, "link", "set", device, "master", "br0", "up")
            run("ip", "-n", host, "link", "set", "br0", "up")
            self.configure(place, "eth0")


class TapswitchVxlan(TwoHosts, Tapswitch):
    title = "tapswitch VXLAN"
    tunnel = "tap"

    def build(self):
        self.lay_wire()
        for place, home in HOME.items():
            self.hosted(place, home, WIRE["host2" if home == "host" else "host"])

    def hosted(self, place, home, other):
        """One host: its daemon, and its container."""
        directory = os.path.join(self.directory, home)
        os.makedirs(directory)
        socket = self.daemon(home, directory, self.network(directory, other))
        self.attach(place, home, socket)

    def network(self, directory, other):
        """What the daemon is told of the network and the other host."""
        with open(os.path.join(directory, "tapswitch.yaml"), "w") as file:
            file.write(f"networks:\n  bench: {{driver: overlay, subnet: {SUBNET}, "
                       f"options: {{com.docker.network.driver.mtu: 1500}}}}\n"
                       f"overlay: {{peers: [{{network: bench, vni: {VNI}, remote: {other}}}]}}\n")
        return ("--config", os.path.join(directory, "tapswitch.yaml"))

    def daemon(self, home, directory, flags):
        socket = os.path.join(directory, "tapswitch.sock")
        daemon = self.start(home, self.launcher(), "daemon", *flags, "--socket", socket, "--uplink", "shared", "--state-dir", os.path.join(directory, "state"),
                            "--run-dir", self.run_of(home), "--tunnel", self.tunnel, cpu=self.switch_cpu)
        self.await_ready(daemon, ready=1 if home == "host" else 2)
        return socket

    def attach(self, place, home, socket):
        self.tell(home, socket, "attach", "--netns", self.ns[place], "--network", "bench", "--name", place,
                  "--ip", ADDRESS[place])

    def tell(self, home, socket, *words, check=True):
        return run("ip", "netns", "exec", self.ns[home], self.launcher(), "--socket", socket, *words, check=check)

    def run_of(self, home):
        """In memory, as for NAT."""
        return "/dev/shm/" + self.ns[home] if os.path.isdir("/dev/shm") else os.path.join(self.directory, home, "run")

    def down(self):
        for process in reversed(self.processes):
            end(process)
        for home in WIRE:
            run("ip", "netns", "exec", self.ns[home], self.launcher(), "cleanup", "--state-dir",
                os.path.join(self.directory, home, "state"), "--run-dir", self.run_of(home), check=False)
            shutil.rmtree(self.run_of(home), ignore_errors=True)
        super().down()


class TapswitchVxlanSocket(TapswitchVxlan):
    """The way of kernels without TAPs for tunnels."""
    title = "tapswitch VXLAN by socket"
    tunnel = "socket"


class TapswitchVxlanEncrypted(TapswitchVxlan):
    """The first host has the etcd of both. The wire carries 28 bytes more, so that the containers' MTU is the same."""
    title = "tapswitch VXLAN, encrypted"
    programs = ("etcd",)
    wire_mtu = 1578
    # Until the JVM has compiled the cipher, it is a hundred times slower.
    warm_seconds = 10

    def build(self):
        self.lay_wire()
        store, own = f"http://{WIRE['host']}:2379", "http://127.0.0.1:2380"
        self.start("host", "etcd", "--data-dir", os.path.join(self.directory, "etcd"), "--listen-client-urls", store,
                   "--advertise-client-urls", store, "--listen-peer-urls", own, "--initial-advertise-peer-urls", own,
                   "--initial-cluster", "default=" + own)
        sockets = {}
        for home in WIRE:
            directory = os.path.join(self.directory, home)
            os.makedirs(directory)
            sockets[home] = self.daemon(home, directory, ("--cluster-store", f"etcd://{WIRE['host']}:2379",
                                                          "--cluster-advertise", "uplink0"))
        self.until("network", lambda: self.tell("host", sockets["host"], "network", "create", "-d", "overlay",
                                                "--subnet", SUBNET, "-o", "encrypted", "bench", check=False))
        self.until("network on the other host", lambda: "bench" in self.tell(
            "host2", sockets["host2"], "network", "ls", check=False))
        for place, home in HOME.items():
            self.attach(place, home, sockets[home])

    def until(self, what, is_so, seconds=20):
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                raise Failed(f"{self.title}: no {what}: {self.log()}")
            time.sleep(0.1)


def on_other_wires(name, kind):
    """A contender, and the same on a plain wire and on one that joins what it receives."""
    plain = type(kind.__name__ + "Plain", (kind,), {"title": kind.title + ", plain wire", "offloads": False})
    gro = type(kind.__name__ + "Gro", (plain,), {"title": kind.title + ", plain wire with GRO", "gro": True})
    return {name: kind, name + "-plain": plain, name + "-gro": gro}


KINDS = (on_other_wires("tapswitch-vxlan", TapswitchVxlan) | on_other_wires("tapswitch-vxlan-socket", TapswitchVxlanSocket)
         | on_other_wires("kernel-vxlan", KernelVxlan) | {"tapswitch-vxlan-encrypted": TapswitchVxlanEncrypted})
