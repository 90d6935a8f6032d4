package io.tapswitch.core.control;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request to attach that says only what a test is about. */
final class Attaching {
    private final @Nullable String netns;
    private @Nullable String name;
    private @Nullable List<String> networks;
    private @Nullable String ip;
    private @Nullable String ip6;
    private @Nullable String mac;
    private @Nullable List<String> dns;
    private @Nullable List<String> expose;
    private @Nullable List<String> publish;
    private @Nullable Boolean publishAll;
    private @Nullable Integer queues;
    private AttachRequest.@Nullable Init init;

    private Attaching(@Nullable String netns) {
        this.netns = netns;
    }

    static Attaching netns(@Nullable String netns) {
        return new Attaching(netns);
    }

    Attaching name(@Nullable String value) {
        name = value;
        return this;
    }

    Attaching networks(String... values) {
        networks = List.of(values);
        return this;
    }

    Attaching addresses(@Nullable String ipv4, @Nullable String ipv6, @Nullable String macAddress) {
        ip = ipv4;
        ip6 = ipv6;
        mac = macAddress;
        return this;
    }

    Attaching dns(String... values) {
        dns = List.of(values);
        return this;
    }

    Attaching expose(@Nullable List<String> values) {
        expose = values;
        return this;
    }

    Attaching publish(boolean all, String... values) {
        publishAll = all;
        publish = List.of(values);
        return this;
    }

    Attaching queues(int value) {
        queues = value;
        return this;
    }

    Attaching init(AttachRequest.Init value) {
        init = value;
        return this;
    }

    AttachRequest request() {
        return new AttachRequest(
                netns,
                name,
                networks,
                ip,
                ip6,
                mac,
                null,
                null,
                dns,
                null,
                expose,
                publish,
                publishAll,
                null,
                queues,
                init);
    }
}
