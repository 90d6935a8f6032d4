package io.tapswitch.core.api;

import io.tapswitch.core.dataplane.FlowEntry;
import io.tapswitch.nat.TcpState;
import io.tapswitch.wire.IpAddress;
import io.tapswitch.wire.IpProtocol;

/** Flows for tests. */
final class Flows {
    private Flows() {}

    /** {@return an established connection of the endpoint at a port of the switch} */
    static FlowEntry tcp(int endpoint, int insidePort) {
        return flow(IpProtocol.TCP, endpoint, insidePort, TcpState.ESTABLISHED.ordinal());
    }

    /** {@return the same in UDP} */
    static FlowEntry udp(int endpoint, int insidePort) {
        return flow(IpProtocol.UDP, endpoint, insidePort, 3);
    }

    private static FlowEntry flow(int protocol, int endpoint, int insidePort, int state) {
        return new FlowEntry(
                0,
                false,
                protocol,
                1,
                endpoint,
                0,
                IpAddress.parse("10.1.0.2"),
                insidePort,
                IpAddress.parse("192.0.2.1"),
                20_480,
                IpAddress.parse("198.51.100.7"),
                443,
                state,
                12,
                1_530,
                10,
                9_120,
                250);
    }
}
