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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A-OVL-10: the address for the others, and what is said where there is none. */
class AdvertiseTest {
    /** Longer than a label can be (RFC 1035 section 2.3.4): it is not found without asking anybody. */
    private static final String UNKNOWN = "n".repeat(64) + ".invalid";

    @TempDir
    Path directory;

    private @Nullable IpAddress source;

    private IpAddress address(String text, String store) {
        return advertise(text, store).first();
    }

    private Advertise advertise(String text, String store) {
        OutsideKernel kernel = new FakeOutside(directory) {
            @Override
            public @Nullable IpAddress sourceTo(IpAddress remote) {
                return source;
            }
        };
        return new Advertise(text, EtcdSettings.parse(store, null, null), kernel);
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

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "255.255.255.255 | it is the broadcast address",
                "255.255.255.255:2377 | it is the broadcast address",
                "fe80::1 | it is link-local, and means a host only together with an interface",
                "[fe80::1]:2377 | it is link-local",
                "fe80::1%eth0 | it is link-local",
                "0.0.0.0 | it stands for any address",
                ":: | it stands for any address",
                "127.0.0.1 | each has that address for itself",
                "::1 | each has that address for itself",
                "224.0.0.1 | it is a multicast address",
                "ff02::1 | it is a multicast address",
                "::ffff:192.0.2.7 | it is an IPv4 address written as IPv6: write 192.0.2.7",
                "192.0.2.7:0 | is no port; it is INTERFACE or IP",
                "nowhere0 | it is no address, and this host has no interface of that name",
            })
    void A_OVL_01_whatCanBeNoAddressOfAHostIsRefusedWithTheReason(String text, String reason) {
        Refusal refusal = catchThrowableOfType(Refusal.class, () -> address(text, "etcd://192.0.2.100"));
        assertThat(refusal).as(text).isNotNull();
        assertThat(refusal.kind()).isEqualTo(Refusal.Kind.BAD_INPUT);
        assertThat(refusal.sentence())
                .startsWith("invalid --cluster-advertise ")
                .contains(reason);
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.7, 192.0.2.7",
        "192.0.2.7:2377, 192.0.2.7",
        "2001:db8::7, 2001:db8::7",
        "[2001:db8::7]:2377, 2001:db8::7",
        "169.254.3.4, 169.254.3.4",
    })
    void A_OVL_01_anAddressIsTakenAsItIsAndThePortOfDockersFormDoesNothing(String text, String address) {
        assertThat(address(text, "etcd://192.0.2.100")).isEqualTo(IpAddress.parse(address));
        assertThat(advertise(text, "etcd://192.0.2.100").isAddress()).isTrue();
    }
}
