package io.tapswitch.core.cli;

import io.tapswitch.core.cli.verb.Attach;
import io.tapswitch.core.cli.verb.Capture;
import io.tapswitch.core.cli.verb.Cleanup;
import io.tapswitch.core.cli.verb.ConfigCheck;
import io.tapswitch.core.cli.verb.ConfigShow;
import io.tapswitch.core.cli.verb.ConfigVerb;
import io.tapswitch.core.cli.verb.Daemon;
import io.tapswitch.core.cli.verb.DnsLookup;
import io.tapswitch.core.cli.verb.DnsVerb;
import io.tapswitch.core.cli.verb.Drops;
import io.tapswitch.core.cli.verb.Events;
import io.tapswitch.core.cli.verb.Exec;
import io.tapswitch.core.cli.verb.Fdb;
import io.tapswitch.core.cli.verb.Flows;
import io.tapswitch.core.cli.verb.Inspect;
import io.tapswitch.core.cli.verb.LogsVerb;
import io.tapswitch.core.cli.verb.NetworkConnect;
import io.tapswitch.core.cli.verb.NetworkCreate;
import io.tapswitch.core.cli.verb.NetworkDisconnect;
import io.tapswitch.core.cli.verb.NetworkInspect;
import io.tapswitch.core.cli.verb.NetworkLs;
import io.tapswitch.core.cli.verb.NetworkPrune;
import io.tapswitch.core.cli.verb.NetworkRm;
import io.tapswitch.core.cli.verb.NetworkVerb;
import io.tapswitch.core.cli.verb.NetworkVerify;
import io.tapswitch.core.cli.verb.NodeLs;
import io.tapswitch.core.cli.verb.NodeVerb;
import io.tapswitch.core.cli.verb.Peers;
import io.tapswitch.core.cli.verb.Port;
import io.tapswitch.core.cli.verb.Ps;
import io.tapswitch.core.cli.verb.Publish;
import io.tapswitch.core.cli.verb.Rename;
import io.tapswitch.core.cli.verb.Rm;
import io.tapswitch.core.cli.verb.Run;
import io.tapswitch.core.cli.verb.Start;
import io.tapswitch.core.cli.verb.Stats;
import io.tapswitch.core.cli.verb.Status;
import io.tapswitch.core.cli.verb.Stop;
import io.tapswitch.core.cli.verb.Unpublish;
import io.tapswitch.core.cli.verb.Version;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/** All verbs, and how each is made. Only the one that was typed is made; all of them for a call for help. */
final class Verbs {
    /** Verbs that have verbs of their own. */
    static final Set<String> GROUPS = Set.of("network", "config", "dns", "node");

    /** Other names, which help does not show. */
    private static final Set<String> SECOND_NAMES = Set.of("list", "remove");

    private static final Map<String, Supplier<Object>> TOP = new TreeMap<>(Map.ofEntries(
            Map.entry("attach", Attach::new),
            Map.entry("capture", Capture::new),
            Map.entry("cleanup", Cleanup::new),
            Map.entry("config", ConfigVerb::new),
            Map.entry("daemon", Daemon::new),
            Map.entry("dns", DnsVerb::new),
            Map.entry("drops", Drops::new),
            Map.entry("events", Events::new),
            Map.entry("exec", Exec::new),
            Map.entry("fdb", Fdb::new),
            Map.entry("flows", Flows::new),
            Map.entry("inspect", Inspect::new),
            Map.entry("logs", LogsVerb::new),
            Map.entry("network", NetworkVerb::new),
            Map.entry("node", NodeVerb::new),
            Map.entry("peers", Peers::new),
            Map.entry("port", Port::new),
            Map.entry("ps", Ps::new),
            Map.entry("publish", Publish::new),
            Map.entry("rename", Rename::new),
            Map.entry("rm", Rm::new),
            Map.entry("run", Run::new),
            Map.entry("start", Start::new),
            Map.entry("stats", Stats::new),
            Map.entry("status", Status::new),
            Map.entry("stop", Stop::new),
            Map.entry("unpublish", Unpublish::new),
            Map.entry("version", Version::new)));

    private static final Map<String, Map<String, Supplier<Object>>> WITHIN = Map.of(
            "config",
            Map.of("check", ConfigCheck::new, "show", ConfigShow::new),
            "dns",
            Map.of("lookup", DnsLookup::new),
            "node",
            Map.of("list", NodeLs::new, "ls", NodeLs::new),
            "network",
            Map.ofEntries(
                    Map.entry("connect", NetworkConnect::new),
                    Map.entry("create", NetworkCreate::new),
                    Map.entry("disconnect", NetworkDisconnect::new),
                    Map.entry("inspect", NetworkInspect::new),
                    Map.entry("list", NetworkLs::new),
                    Map.entry("ls", NetworkLs::new),
                    Map.entry("prune", NetworkPrune::new),
                    Map.entry("remove", NetworkRm::new),
                    Map.entry("rm", NetworkRm::new),
                    Map.entry("verify", NetworkVerify::new)));

    private Verbs() {}

    /** {@return the verb of that name; all of them, by name, when there is none} */
    static Map<String, Supplier<Object>> top(String name) {
        return chosen(TOP, name);
    }

    /** {@return the group's verb of that name; all of them, by name, when there is none} */
    static Map<String, Supplier<Object>> within(String group, String name) {
        return chosen(WITHIN.getOrDefault(group, Map.of()), name);
    }

    private static Map<String, Supplier<Object>> chosen(Map<String, Supplier<Object>> all, String name) {
        Supplier<Object> one = all.get(name);
        if (one != null) {
            return Map.of(name, one);
        }
        Map<String, Supplier<Object>> shown = new TreeMap<>(all);
        shown.keySet().removeAll(SECOND_NAMES);
        return shown;
    }
}
