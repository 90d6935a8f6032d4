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
     * @param own its IPv4 address
     * @param own6 its IPv6 address
     * @param there who is at the other end
     * @param four its IPv4 address
     * @param six its IPv6 address
     * @param bytes of a TCP transfer
     */
    static void bothWays(
            LabContainer here, String own, String own6, LabNamespace there, String four, String six, long bytes) {
        here.ping(four);
        here.ping(six);
        there.ping(own);
        there.ping(own6);
        // An answer is as large as the question: one way is both.
        for (String size : new String[] {"1", "1400", "20000", "65000"}) {
            for (String address : new String[] {four, six}) {
                here.exec("ping", "-c", "1", "-W", "2", "-s", size, address).ok();
            }
        }
        here.transferTcp(there, four, bytes);
        there.transferTcp(here, own, bytes);
        here.transferTcp(there, six, bytes / 10);
        there.transferTcp(here, own6, bytes / 10);
        here.transferTcp(there, six, 1);
        there.transferTcp(here, own, 65_536);
        here.exchangeUdp(there, four, SIZES);
        there.exchangeUdp(here, own, SIZES);
        here.exchangeUdp(there, six, SIZES);
        there.exchangeUdp(here, own6, SIZES);
    }
}
