"""The traffic of one contender, and what else the machine did meanwhile."""
import json
import os
import re
import select
import subprocess
import time

from contenders import IPERF_PORT, PREFIX, TRAFFIC_PORT, Failed

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
# Questions a second while it is measured how long they wait.
NAMES_RATE = 50_000
# What dnsperf prints at its end.
DNSPERF = {"rate": r"Queries per second:\s+([0-9.]+)", "lost": r"Queries lost:\s+(\d+)"}


class Measured:
    """Measures by the names of figures, which are methods; each gives a value and what else belongs to it."""

    def measure(self, metric, seconds):
        """One measurement, with the share of a CPU that others used while it ran."""
        started, others, stolen = time.monotonic(), foreign_seconds(), stolen_seconds()
        result = getattr(self, metric)(seconds)
        wall = time.monotonic() - started
        after = foreign_seconds()
        used = sum(seconds - others.get(pid, 0) for pid, seconds in after.items())
        result["foreign_percent"] = round(100 * used / wall, 1)
        result["stolen_percent"] = round(100 * (stolen_seconds() - stolen) / wall, 1)
        return result


class Questions(Measured):
    """dnsperf in a container that asks for the names of another."""

    def __init__(self, contender, client_cpu):
        self.contender, self.client_cpu, self.last = contender, client_cpu, 0
        self.questions = os.path.join(contender.directory, "questions")
        with open(self.questions, "w") as file:
            file.writelines(f"{name} A\n" for name in contender.names)

    def dnsperf(self, seconds, *flags):
        command = ["ip", "netns", "exec", self.contender.ns[self.contender.client], "taskset", "-c", self.client_cpu,
                   "dnsperf", "-s", self.contender.target, "-d", self.questions, "-l", str(seconds), "-c", "8", *flags]
        text = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 20).stdout
        found = {name: re.search(pattern, text) for name, pattern in DNSPERF.items()}
        if not all(found.values()):
            raise Failed(f"{self.contender.title}: dnsperf: {text[-600:]}")
        return {name: float(match.group(1)) for name, match in found.items()}, text

    def names(self, seconds):
        """Answers a second, as many as come; a question that is not answered within 2 s counts as lost."""
        found, _ = self.dnsperf(seconds, "-q", "200", "-t", "2")
        self.last = found["rate"]
        return {"value": found["rate"] / 1e3, "lost": found["lost"]}

    def names_wait(self, seconds):
        """How long 99 of 100 wait at most, at half of the 100 000 a second that are asked for, or of the rate of before."""
        rate = min(NAMES_RATE, max(1000, int(self.last / 2)))
        found, text = self.dnsperf(seconds, "-q", "200", "-t", "2", "-v", "-Q", str(rate))
        waits = sorted(float(match) for match in re.findall(r"(?m)^> NOERROR \S+ A (\d+\.\d+)$", text))
        if not waits:
            raise Failed(f"{self.contender.title}: nobody was answered")
        return {"value": waits[len(waits) * 99 // 100] * 1e3, "rate": found["rate"], "lost": found["lost"]}


class Load(Measured):
    """Client and server in the contender's places, both up for all rounds so that no round measures a cold JVM."""

    def __init__(self, contender, java, jar, client_cpu, server_cpu):
        self.contender, self.client_cpu = contender, client_cpu
        traffic = (java, "-XX:+UseSerialGC", "-Xmx64m", "--enable-native-access=ALL-UNNAMED", "-cp", jar,
                   "io.tapswitch.bench.traffic.Traffic")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        contender.start(contender.server, "iperf3", "-s", "-p", IPERF_PORT, cpu=server_cpu)
        self.server = contender.start(contender.server, *traffic, "server", TRAFFIC_PORT, cpu=server_cpu, **pipes)
        self.answer(self.server, 20)
        self.client = contender.start(contender.client, *traffic, "client", contender.target, TRAFFIC_PORT,
                                      cpu=client_cpu, **pipes)
        if not self.order(self.client, "probe", 20)["ok"]:
            raise Failed(f"{contender.title}: no TCP connection to {contender.target}: {contender.log()}")

    def order(self, process, text, seconds):
        try:
            process.stdin.write(text + "\n")
        except BrokenPipeError:
            raise Failed(f"{self.contender.title}: traffic ended: {self.contender.log()}") from None
        return self.answer(process, seconds)

    def answer(self, process, seconds):
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        line = process.stdout.readline() if ready else ""
        if not line:
            raise Failed(f"{self.contender.title}: traffic gave no answer: {self.contender.log()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.contender.title}: {answer['error']}")
        return answer

    def tcp(self, seconds, streams):
        command = ["ip", "netns", "exec", self.contender.ns[self.contender.client], "taskset", "-c", self.client_cpu,
                   "iperf3", "-c", self.contender.target, "-p", IPERF_PORT, "-t", str(seconds), "-P", str(streams), "-J"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 20)
        report = json.loads(result.stdout or "{}")
        if "error" in report or "end" not in report:
            raise Failed(f"{self.contender.title}: iperf3: {report.get('error', result.stderr)}")
        end = report["end"]
        return {"value": end["sum_received"]["bits_per_second"] / 1e9,
                "retransmits": end["sum_sent"].get("retransmits")}

    def tcp1(self, seconds):
        return self.tcp(seconds, 1)

    def tcp4(self, seconds):
        return self.tcp(seconds, 4)

    def udp64(self, seconds):
        before = self.order(self.server, "count", 5)
        blast = self.order(self.client, f"udp {seconds} 64", seconds + 10)
        time.sleep(0.15)
        after = self.order(self.server, "count", 5)
        received = after["received"] - before["received"]
        return {"value": received / blast["seconds"] / 1e3,
                "sent_kpps": blast["sent"] / blast["seconds"] / 1e3,
                "reordered": after["reordered"] - before["reordered"]}

    def pingpong(self, seconds):
        return self.rate("pingpong", seconds)

    def connects(self, seconds):
        return self.rate("connects", seconds)

    def rate(self, kind, seconds):
        answer = self.order(self.client, f"{kind} {seconds}", seconds + 15)
        return {"value": answer["per_second"] / 1e3, "p50_us": answer["p50_us"], "p99_us": answer["p99_us"]}


def own_networks():
    """The network namespaces of this run: a server that has left our session (aardvark does) is in one of them."""
    names = [name for name in os.listdir("/run/netns") if name.startswith(f"{PREFIX}{os.getpid()}-")]
    return {os.stat("/run/netns/" + name).st_ino for name in names}


def network_of(pid):
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except OSError:
        return 0


def foreign_seconds():
    """CPU seconds of each process that is neither a child of this one, nor in its networks, nor a kernel thread."""
    parent, used, own = {}, {}, own_networks()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parent[int(name)] = int(fields[1])
            used[int(name)] = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
    return {pid: seconds for pid, seconds in used.items() if not is_ours(pid, parent) and network_of(pid) not in own}


def is_ours(pid, parent):
    while pid > 2:
        if pid == os.getpid():
            return True
        pid = parent.get(pid, 0)
    return pid == 2


def stolen_seconds():
    """Time that the hypervisor gave to others, all CPUs."""
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / CLOCK_TICKS
