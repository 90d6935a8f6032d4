"""Medians, ratios, bars; the table for the terminal and for docs/performance.md."""
import statistics

TITLES = {"tcp1": "TCP 1 stream, Gbit/s", "tcp4": "TCP 4 streams, Gbit/s", "udp64": "UDP 64 B received, kpps",
          "pingpong": "TCP ping-pong, k/s", "connects": "TCP connects, k/s",
          "names": "names, k/s", "names_wait": "names p99 at 50 k/s or half, ms"}
# figure, contender, against, bar, aim; without a bar the ratio is shown and decides nothing
BARS = (("tcp1", "tapswitch", "bridge", 0.85, 1.0),
        ("tcp4", "tapswitch-2", "bridge", 0.4, 0.8),
        ("udp64", "tapswitch", "bridge", 1.4, 2.0),
        ("pingpong", "tapswitch", "bridge", 0.85, 1.0),
        ("connects", "tapswitch", "bridge", 0.8, 1.0),
        ("tcp1", "tapswitch", "ovs", 8, 12),
        ("tcp1", "tapswitch", "vde", 8, 12),
        ("tcp1", "tapswitch-masquerade", "nft-masquerade", 0.85, 1.1),
        ("udp64", "tapswitch-masquerade", "nft-masquerade", 1.3, 2.0),
        ("connects", "tapswitch-masquerade", "nft-masquerade", None, None),
        ("tcp1", "tapswitch-published", "nft-published", 0.85, 1.1),
        ("udp64", "tapswitch-published", "nft-published", None, None),
        ("connects", "tapswitch-published", "nft-published", None, None),
        ("tcp1", "tapswitch-masquerade", "slirp4netns", 8, 12),
        ("tcp1", "tapswitch-masquerade", "pasta", 8, 12),
        ("udp64", "tapswitch-masquerade", "slirp4netns", None, None),
        ("udp64", "tapswitch-masquerade", "pasta", None, None),
        ("tcp1", "tapswitch-vxlan", "kernel-vxlan", 0.8, 1.05),
        ("tcp4", "tapswitch-vxlan", "kernel-vxlan", None, None),
        ("udp64", "tapswitch-vxlan", "kernel-vxlan", None, None),
        ("pingpong", "tapswitch-vxlan", "kernel-vxlan", None, None),
        ("tcp1", "tapswitch-vxlan-plain", "kernel-vxlan-plain", None, None),
        ("tcp1", "tapswitch-vxlan-gro", "kernel-vxlan-gro", None, None),
        ("tcp1", "tapswitch-vxlan-socket", "kernel-vxlan", 0.5, 0.7),
        ("tcp1", "tapswitch-vxlan-socket", "tapswitch-vxlan", None, None),
        ("tcp1", "tapswitch-vxlan-socket-plain", "kernel-vxlan-plain", None, None),
        ("tcp1", "tapswitch-vxlan-socket-gro", "kernel-vxlan-gro", None, None),
        ("tcp1", "tapswitch-vxlan-encrypted", "tapswitch-vxlan", 0.3, 0.5),
        ("names", "tapswitch-names", "dnsmasq", 1.5, 3.0),
        ("names", "tapswitch-names", "aardvark", None, None),
        ("names_wait", "tapswitch-names", "dnsmasq", None, None))
# what may be at most in the median, and nothing may be lost
LIMITS = (("names_wait", "tapswitch-names", 1.0),)
FOREIGN_PERCENT_MAX = 20
CLEAN_ROUNDS_MIN = 3
BEGIN, END = "<!-- scripts/bench --record begins -->", "<!-- scripts/bench --record ends -->"


def clean(results, metric):
    """Results of a figure by contender and round, without rounds in which others used the machine.

    A round is dropped for all contenders or for none, or the ratio would compare different moments. When too few are
    left, all are taken, and the second answer is False.
    """
    rounds = {}
    for result in results:
        if result["metric"] == metric and "value" in result:
            rounds.setdefault(result["round"], {})[result["contender"]] = result
    quiet = {number: by for number, by in rounds.items()
             if all(r["foreign_percent"] <= FOREIGN_PERCENT_MAX for r in by.values())}
    enough = len(quiet) >= min(CLEAN_ROUNDS_MIN, len(rounds))
    return (quiet if enough else rounds), enough


def values(rounds, contender):
    return [by[contender]["value"] for by in rounds.values() if contender in by]


def ratios(rounds, contender, against):
    """One ratio for each round in which both were measured."""
    return [by[contender]["value"] / by[against]["value"] for by in rounds.values()
            if contender in by and against in by and by[against]["value"] > 0]


def cell(found):
    return f"{statistics.median(found):.3g} ({min(found):.3g}-{max(found):.3g})" if found else "-"


def figures(results, titles):
    """Rows of the table of figures: contender, then a median and range for each metric."""
    names = [m for m in TITLES if any(r["metric"] == m for r in results)]
    rows = [["median (range)"] + [TITLES[m] for m in names]]
    for contender, title in titles.items():
        row = [cell(values(clean(results, m)[0], contender)) for m in names]
        if any(c != "-" for c in row):
            rows.append([title] + row)
    return rows


def verdicts(results, titles):
    """Rows of the table of bars, and whether each bar that could be looked at is reached."""
    rows, reached = [["ratio of the same round", "median (range)", "bar", "aim", "verdict"]], True
    for metric, contender, against, bar, aim in BARS:
        found = ratios(clean(results, metric)[0], contender, against)
        if not found:
            continue
        median = statistics.median(found)
        title = f"{titles[contender]} / {titles[against]}: {TITLES[metric].split(',')[0]}"
        if bar is None:
            rows.append([title, cell(found), "-", "-", "-"])
            continue
        verdict = "aim reached" if median >= aim else "bar reached" if median >= bar else "MISSED"
        reached = reached and median >= bar
        rows.append([title, cell(found), f"{bar:g}", f"{aim:g}", verdict])
    for metric, contender, limit in LIMITS:
        rounds = clean(results, metric)[0]
        found = values(rounds, contender)
        if found:
            lost = sum(by[contender].get("lost", 0) for by in rounds.values() if contender in by)
            good = statistics.median(found) <= limit and not lost
            reached = reached and good
            rows.append([f"{titles[contender]}: {TITLES[metric]}, {lost:g} lost", cell(found), f"{limit:g}", f"{limit:g}",
                         "aim reached" if good else "MISSED"])
    reordered = sum(r.get("reordered", 0) for r in results if r["contender"].startswith("tapswitch"))
    if any(r["metric"] == "udp64" and r["contender"] == "tapswitch" for r in results):
        rows.append(["tapswitch: reordered datagrams", str(reordered), "0", "0", "MISSED" if reordered else "aim reached"])
        reached = reached and not reordered
    return (rows if len(rows) > 1 else []), reached


def noise(results):
    """What to know about rounds that were disturbed; empty when there is nothing."""
    lines = []
    for metric in TITLES:
        total = len({r["round"] for r in results if r["metric"] == metric and "value" in r})
        if total == 0:
            continue
        rounds, enough = clean(results, metric)
        if not enough:
            lines.append(f"{TITLES[metric]}: others used the machine in nearly all rounds; these figures are not reliable")
        elif len(rounds) < total:
            lines.append(f"{TITLES[metric]}: {total - len(rounds)} of {total} rounds dropped, others used the machine")
    return lines


def text(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in rows)


def markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0])] + lines[1:])


def record(path, header, tables, notes):
    """Replaces what stands between the two marks of the page, or begins the page."""
    body = "\n\n".join([BEGIN, header] + [markdown(t) for t in tables if t] + ["- " + n for n in notes] + [END])
    try:
        with open(path) as file:
            page = file.read()
    except FileNotFoundError:
        page = f"# Performance\n\n{BEGIN}\n{END}\n"
    if BEGIN not in page or END not in page:
        page += f"\n{BEGIN}\n{END}\n"
    before, rest = page.split(BEGIN, 1)
    with open(path, "w") as file:
        file.write(before + body + rest.split(END, 1)[1])
