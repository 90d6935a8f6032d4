package io.tapswitch.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tapswitch.core.model.Refusal;
import io.tapswitch.core.overlay.store.EtcdSettings;
import io.tapswitch.wire.IpAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A-OVL-10: the address for the others, and what is said where there is none. */
class AdvertiseTest {
    /** Longer than a label can be (RFC 1035 section 2.3.4): it is not found without asking anybody. */
    private static final String UNKNOWN = "n".repeat(64) + ".invalid";

    @TempDir
    Path directory;

    private @Nullable IpAddress source;

    private IpAddress address(String text, String store) {
        OutsideKernel kernel = new FakeOutside(directory) {
            @Override
            public @Nullable IpAddress sourceTo(IpAddress remote) {
                return source;
            }
        };
        return Advertise.address(text, EtcdSettings.parse(store, null, null), kernel);
    }

    private String fault(String store) {
        return catchThrowableOfType(Refusal.class, () -> address("", store)).sentence();
    }

    @Test
    void A_OVL_10_withoutTheFlagItIsTheAddressByWhichTheStoreIsReached() {
        source = IpAddress.parse("192.0.2.1");
        assertThat(address("", "etcd://192.0.2.100")).isEqualTo(source);
        assertThat(address("", "etcd://" + UNKNOWN + ",192.0.2.100"))
                .as("a member that is found is enough")
                .isEqualTo(source);
        assertThat(address("", "etcd://127.0.0.1,192.0.2.100")).isEqualTo(source);
        assertThat(address("192.0.2.7", "etcd://" + UNKNOWN))
                .as("who says it needs no store for it")
                .isEqualTo(IpAddress.parse("192.0.2.7"));
    }

    @Test
    void A_OVL_10_eachReasonHasASentenceOfItsOwnWithTheFlagToMend() {
        assertThat(fault("etcd://" + UNKNOWN + ":2379"))
                .startsWith("invalid --cluster-store etcd://" + UNKNOWN + ":2379: the host name " + UNKNOWN
                        + " is not found")
                .contains("with --cluster-advertise the daemon starts all the same");
        assertThat(fault("etcd://127.0.0.1:2379"))
                .startsWith("--cluster-advertise is missing:")
                .contains("which is on this host itself")
                .endsWith("give an interface or an address");
        assertThat(fault("etcd://192.0.2.100"))
                .startsWith("--cluster-advertise is missing:")
                .contains("to which this host has no route");
    }
}
