package io.tapswitch.e2e;

import io.tapswitch.lab.LabContainer;
import io.tapswitch.lab.LabNamespace;

/** V10's traffic between a container and whatever is at the other end of its tunnel. */
final class TunnelTraffic {
    /** A byte, what fits, what just fits 1450 bytes, and what is split inside, up to the largest there is (row 37). */
    static final String SIZES = "1,500,1422,8000,65507";

    private TunnelTraffic() {}

    /**
     * ICMP, TCP and UDP both ways, small and large, in both families.
     *
     * @param here container of the switch
     * @param own IPv4 address of it
     * @param there who is at the other end
     * @param four its IPv4 address
     * @param six its IPv6 address
     * @param bytes of a TCP transfer
     */
    static void bothWays(LabContainer here, String own, LabNamespace there, String four, String six, long bytes) {
        here.ping(four);
        here.ping(six);
        there.ping(own);
        for (String size : new String[] {"1", "1400", "20000"}) {
            here.exec("ping", "-c", "2", "-i", "0.2", "-W", "2", "-s", size, four)
                    .ok();
        }
        here.transferTcp(there, four, bytes);
        here.transferTcp(there, six, bytes / 10);
        there.transferTcp(here, own, bytes);
        here.exchangeUdp(there, four, SIZES);
        there.exchangeUdp(here, own, SIZES);
    }
}
