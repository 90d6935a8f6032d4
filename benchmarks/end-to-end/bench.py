"""scripts/bench: interleaved rounds over all contenders. The shell script of that name parses what users type."""
import argparse
import datetime
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import contenders
import overlay
import report
from contenders import GROUPS, Contender, Failed, sweep
from load import Load, Questions

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CPUS = [str(cpu) for cpu in sorted(os.sched_getaffinity(0))]
CLIENT_CPU, SERVER_CPU = CPUS[0], CPUS[-1] if len(CPUS) < 2 else CPUS[1]
PINNING = (f"client on CPU {CLIENT_CPU}, server and switch on CPU {SERVER_CPU}; "
           "with --workers 2 the switch is not pinned")
BUDGET_SECONDS = 285
PEERS_FOR_TCP_ONLY = ("ovs", "vde")
USERSPACE_NAT = ("slirp4netns", "pasta")
DEFAULT = ["tapswitch", "bridge", "ovs", "vde", "nat", "names", "vxlan"]
KINDS = contenders.KINDS | overlay.KINDS


def plan(names, quick):
    """Which contender is measured with which metrics."""
    full = ["tcp1", "udp64", "pingpong", "connects"]
    metrics = {name: list(full) for name in names if name != "tapswitch-2"}
    for name in GROUPS["nat"]:
        if name in names:
            metrics[name] = ["tcp1", "udp64"] if name in USERSPACE_NAT else ["tcp1", "udp64", "connects"]
    metrics.update({name: ["names", "names_wait"] for name in GROUPS["names"] if name in names})
    if quick:
        metrics.update({name: ["tcp1"] for name in names if name in PEERS_FOR_TCP_ONLY})
    for name in GROUPS["vxlan"]:
        if name in names:
            one = name.endswith(("-plain", "-gro")) or "-socket" in name or "-encrypted" in name
            metrics[name] = ["tcp1"] if one else ["tcp1", "tcp4", "udp64", "pingpong"]
    if "tapswitch-2" in names:
        metrics["tapswitch-2"] = ["tcp4"]
    if "bridge" in names:
        metrics["bridge"].append("tcp4")
    return metrics


class Bench:
    def __init__(self, options):
        self.options, self.results, self.orders = options, [], []
        self.seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
        self.seconds = {"tcp1": 1, "tcp4": 1} if options.quick else {"tcp1": 3, "tcp4": 3}
        self.other_seconds = 0.5 if options.quick else 1.2
        self.started = time.monotonic()
        self.directory = tempfile.mkdtemp(prefix="tapswitch-bench-")
        self.contenders, self.loads = {}, {}

    def up(self):
        words = self.options.only.split(",") if self.options.only else DEFAULT
        wanted = [name for word in words for name in GROUPS.get(word, [word])]
        unknown = [name for name in wanted if name not in KINDS]
        if unknown:
            raise Failed(f"--only: no contender {', '.join(unknown)}; there are {', '.join(list(KINDS) + list(GROUPS))}")
        if "tapswitch" in wanted and "tapswitch-2" not in wanted:
            wanted.append("tapswitch-2")
        for name in wanted:
            missing = KINDS[name].missing()
            if missing:
                print(f"{KINDS[name].title} is left out: {', '.join(missing)} not installed", file=sys.stderr)
                continue
            print(f"starting {KINDS[name].title} ...", file=sys.stderr)
            switch_cpu = None if name == "tapswitch-2" else SERVER_CPU
            contender: Contender = KINDS[name](name, os.path.join(self.directory, name), switch_cpu)
            self.contenders[name] = contender
            contender.up()
            self.loads[name] = (Questions(contender, CLIENT_CPU) if contender.answers_names else
                                Load(contender, self.options.java, self.options.jar, CLIENT_CPU, SERVER_CPU))

    def measure(self):
        draw = random.Random(self.seed)
        metrics = plan(list(self.contenders), self.options.quick)
        for name, load in self.loads.items():
            for metric in metrics[name]:
                load.measure(metric, self.contenders[name].warm_seconds)
        lasted = 0.0
        for number in range(1, self.options.rounds + 1):
            began = time.monotonic()
            if number > report.CLEAN_ROUNDS_MIN and began + lasted > self.started + BUDGET_SECONDS:
                print(f"the time is over after {number - 1} rounds", file=sys.stderr)
                break
            print(f"round {number} of {self.options.rounds} ...", file=sys.stderr)
            for metric in report.TITLES:
                order = [name for name in self.contenders if metric in metrics[name]]
                draw.shuffle(order)
                self.orders.append({"round": number, "metric": metric, "order": order})
                for name in order:
                    self.one(number, metric, name)
            lasted = time.monotonic() - began

    def one(self, number, metric, name):
        result = {"round": number, "metric": metric, "contender": name}
        try:
            result |= self.loads[name].measure(metric, self.seconds.get(metric, self.other_seconds))
        except Failed as failure:
            result["error"] = str(failure)
            print(failure, file=sys.stderr)
        self.results.append(result)

    def down(self):
        for contender in self.contenders.values():
            contender.down()
        shutil.rmtree(self.directory, ignore_errors=True)


def machine():
    model = platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
        with open("/proc/meminfo") as file:
            gib = int(file.readline().split()[1]) / (1 << 20)
    except OSError:
        gib = 0
    return {"cpu": model, "cpus": os.cpu_count(), "memory_gib": round(gib, 1), "kernel": platform.release()}


def commit():
    command = ("git", "-C", ROOT, "describe", "--always", "--dirty")
    result = subprocess.run(command, capture_output=True, text=True)
    return result.stdout.strip() or "unknown"


def conclude(bench, options):
    titles = {name: KINDS[name].title for name in bench.contenders}
    now = datetime.datetime.now()
    rounds = max((r["round"] for r in bench.results), default=0)
    about = machine()
    header = (f"{now:%Y-%m-%d}, commit {commit()}, {about['cpus']} CPUs of {about['cpu']}, {about['memory_gib']} GiB, "
              f"Linux {about['kernel']}. {rounds} interleaved rounds{' (--quick)' if options.quick else ''}; {PINNING}. "
              f"MTU 1500.")
    rows, reached = report.verdicts(bench.results, titles)
    tables, notes = [report.figures(bench.results, titles), rows], report.noise(bench.results)
    path = os.path.join(ROOT, "benchmarks", "target", f"bench-{now:%Y%m%d-%H%M%S}.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump({"date": now.isoformat(timespec="seconds"), "commit": commit(), "machine": about, "pinning": PINNING,
                   "seed": bench.seed, "quick": options.quick, "orders": bench.orders, "results": bench.results,
                   "bars_reached": reached}, file, indent=1)
    print("\n" + header + "\n")
    print("\n\n".join(report.text(table) for table in tables if table))
    print("\n".join([""] + notes + [f"every measurement: {os.path.relpath(path)}"]))
    if options.record:
        report.record(os.path.join(ROOT, "docs", "performance.md"), header, tables, notes)
    return reached


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--java", required=True)
    parser.add_argument("--jar", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.jar = os.path.abspath(options.jar)
    if len(CPUS) < 2:
        print("scripts/bench: it needs two CPUs: client and switch share one otherwise", file=sys.stderr)
        return 2

    def stop(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    bench = None
    try:
        sweep()
        bench = Bench(options)
        bench.up()
        bench.measure()
        reached = conclude(bench, options)
        failed = any("error" in result for result in bench.results)
        return 2 if failed else 0 if reached else 1
    except Failed as failure:
        print(f"scripts/bench: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; cleaning up", file=sys.stderr)
        return 130
    finally:
        # A second Ctrl-C must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if bench:
            bench.down()


if __name__ == "__main__":
    sys.exit(main())
