package io.tapswitch.core.control;

import io.tapswitch.core.control.PublishedPorts.ActivePort;
import io.tapswitch.core.model.Container;
import io.tapswitch.core.model.DesiredState;
import io.tapswitch.core.model.PortSpec;
import io.tapswitch.core.model.Publication;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpPrefix;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What people do with ports of containers that there are: publish, unpublish, look. */
final class Publishing {
    private static final Logger LOG = LoggerFactory.getLogger(Publishing.class);

    private final Desired desired;
    private final HostPorts ports;
    private final Chronicle chronicle;
    private final Supplier<@Nullable IpAddress> defaultAddress;

    Publishing(Desired desired, HostPorts ports, Chronicle chronicle, Supplier<@Nullable IpAddress> defaultAddress) {
        this.desired = desired;
        this.ports = ports;
        this.chronicle = chronicle;
        this.defaultAddress = defaultAddress;
    }

    /** {@return the publications in force whose ports are ours} */
    List<ActivePort> served(DesiredState state) {
        return ports.served(state);
    }

    /** {@return the state with what a new container publishes} */
    DesiredState attached(DesiredState state, Container container, AttachRequest request) {
        List<PortSpec> specs = PublishRules.asked(request, container, defaultAddress.get());
        if (specs.isEmpty() || PublishRules.isDiscarded(container)) {
            return state;
        }
        ports.ready();
        return PublishRules.published(state, container, specs, List.of());
    }

    /** Publishes all of the ports or none. {@return what was published} */
    PublishAnswer publish(String reference, PublishRequest request) {
        List<PortSpec> specs = PublishRules.specs(needed(request), defaultAddress.get());
        List<IpPrefix> allow = PublishRules.allow(request.allow());
        return desired.locked(() -> {
            DesiredState state = desired.state();
            Container container = desired.container(reference);
            ports.ready();
            desired.commit(PublishRules.published(state, container, specs, allow), new Undo());
            DesiredState now = desired.state();
            List<Publication> made = now.publications().stream()
                    .filter(publication -> publication.id() >= state.nextRule())
                    .toList();
            chronicle.publications(state, now);
            made.forEach(publication -> LOG.info(
                    "published {} of {} at port {}",
                    publication.asked(),
                    container.name(),
                    PortSpec.words(publication.firstHostPort(), publication.lastHostPort())));
            return new PublishAnswer(shown(now, made), PublishRules.warnings(now, container, made));
        });
    }

    /** {@return what a person should know about a container's ports that was attached by this request, or started} */
    List<String> warnings(Container container, @Nullable AttachRequest request) {
        if (request != null && request.publishes() && PublishRules.isDiscarded(container)) {
            return List.of(PublishRules.DISCARDED);
        }
        DesiredState state = desired.state();
        return PublishRules.warnings(state, container, state.publicationsOf(container));
    }

    /** Takes all of the ports back or none. */
    void unpublish(String reference, PublishRequest request) {
        List<String> texts = needed(request);
        desired.locked(() -> {
            DesiredState state = desired.state();
            Container container = desired.container(reference);
            desired.commit(PublishRules.unpublished(state, container, texts, defaultAddress.get()), new Undo());
            chronicle.publications(state, desired.state());
            LOG.info("unpublished {} of {}", texts, container.name());
            return true;
        });
    }

    private static List<String> needed(PublishRequest request) {
        List<String> texts = request.ports();
        if (texts == null || texts.isEmpty()) {
            throw Refusal.badInput("ports are missing: such as 8080:80");
        }
        return texts;
    }

    private List<ActivePort> shown(DesiredState state, List<Publication> publications) {
        Set<Integer> rules = new HashSet<>();
        publications.forEach(publication -> rules.add(publication.id()));
        return ports.served(state).stream()
                .filter(port -> rules.contains(port.rule()))
                .toList();
    }
}
