package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.tapio.sys.Errno;
import io.tapswitch.tapio.sys.Syscalls;
import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A macvtap on one end of a veth, and who is on the LAN at the other. */
@Tag("netns")
final class MacvtapIT {
    private static final String ALIAS = "tapswitch of a test";
    private static final long MAC = 0x0200_0000_0042L;
    private static final long GROUP = 0x3333_ff00_0042L;
    private static final int PATIENCE_MS = 10_000;

    @TempDir
    private Path runDirectory;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes = arena.allocate(70_000, Long.BYTES);
    private SteeringLab lab;
    private Macvtap device;

    @BeforeEach
    void begin() {
        lab = new SteeringLab(runDirectory);
        device = lab.inHost(() -> Macvtap.create(plan(2)));
    }

    private Macvtap.Plan plan(int queues) {
        return new Macvtap.Plan(lab.uplink, "tswd%d", MAC, 1500, queues, ALIAS, runDirectory);
    }

    @AfterEach
    void end() {
        device.close();
        lab.close();
        arena.close();
        Keeper keeper = Keeper.of(runDirectory);
        if (keeper != null) {
            keeper.end(runDirectory);
        }
    }

    @Test
    void isOnTheLanAndTheHostsStackNeitherSeesNorUsesIt() {
        assertThat(lab.host.run("ip -d link show dev tswd0"))
                .contains("UP", "LOWER_UP", "NOARP", "qdisc noqueue", "alias " + ALIAS, "macvtap mode bridge")
                .contains("link/ether 02:00:00:00:00:42");
        assertThat(lab.host.run("ip address show dev tswd0")).doesNotContain("inet");
        assertThat(runDirectory.toFile().list()).noneMatch(file -> file.startsWith(".tapswitch"));
        try (PacketSocket wire = lab.wire()) {
            wire.send(frame(0x0200_0000_0042L, 1));
            assertThat(PacketSocket.number(awaitFrame())).isEqualTo(1);
            wire.send(frame(0xffff_ffff_ffffL, 2));
            assertThat(PacketSocket.number(awaitFrame())).isEqualTo(2);
            // Neither for the host nor for a group that nobody has joined.
            wire.send(frame(0x0200_0000_0001L, 3));
            wire.send(frame(GROUP + 1, 4));
            lab.doInHost(() -> device.join(GROUP));
            lab.doInHost(() -> device.join(GROUP));
            wire.send(frame(GROUP, 5));
            assertThat(PacketSocket.number(awaitFrame())).isEqualTo(5);
            byte[] answer = PacketSocket.frame(6, 60);
            byte[] written = new byte[TapDevice.HEADER_LENGTH + answer.length];
            System.arraycopy(answer, 0, written, TapDevice.HEADER_LENGTH, answer.length);
            MemorySegment.copy(written, 0, bytes, ValueLayout.JAVA_BYTE, 0, written.length);
            assertThat(Syscalls.write(device.fds().get(1), bytes.address(), written.length))
                    .isEqualTo(written.length);
            assertThat(wire.receive()).isEqualTo(answer);
        }
    }

    private static byte[] frame(long to, int number) {
        byte[] frame = PacketSocket.frame(number, 60);
        for (int i = 0; i < 6; i++) {
            frame[i] = (byte) (to >>> (40 - 8 * i));
        }
        return frame;
    }

    /** The next frame of ours in any queue, without its offload header; the parent's own traffic is none. */
    private byte[] awaitFrame() {
        byte[][] found = new byte[1][];
        TestNamespace.await("a frame", PATIENCE_MS, () -> {
            for (int file : device.fds()) {
                long length = Syscalls.read(file, bytes.address(), bytes.byteSize());
                if (length != -Errno.EAGAIN) {
                    assertThat(length).isPositive();
                    byte[] read = bytes.asSlice(TapDevice.HEADER_LENGTH, length - TapDevice.HEADER_LENGTH)
                            .toArray(ValueLayout.JAVA_BYTE);
                    boolean ours = (read[12] & 0xff) == 0x88 && (read[13] & 0xff) == 0xb5;
                    found[0] = ours ? read : found[0];
                }
            }
            return found[0] != null;
        });
        return Objects.requireNonNull(found[0]);
    }

    @Test
    void outlivesItsProcessWithOtherQueuesThanBefore() {
        try (FdVault vault = FdVault.open(runDirectory, Map.of())) {
            vault.put("uplink", device.fds());
            device.close();
            try (PacketSocket wire = lab.wire()) {
                wire.send(frame(MAC, 7));
            }
        }
        try (FdVault vault = FdVault.open(runDirectory, Map.of())) {
            device = Macvtap.adopt(Objects.requireNonNull(vault.taken().get("uplink")));
            vault.drop(List.of("uplink"));
        }
        // What came meanwhile has waited.
        assertThat(PacketSocket.number(awaitFrame())).isEqualTo(7);
        for (int queues : new int[] {4, 1}) {
            assertThat(lab.<Boolean, RuntimeException>inHost(() -> device.queues(queues, runDirectory)))
                    .isTrue();
            assertThat(device.fds()).hasSize(queues);
            try (PacketSocket wire = lab.wire()) {
                wire.send(frame(MAC, queues));
                assertThat(PacketSocket.number(awaitFrame())).isEqualTo(queues);
            }
        }
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> device.queues(1, runDirectory)))
                .isFalse();
    }

    @Test
    void thatItIsGoneIsSeenWhenLookedForAndByWhoTakesItOver() {
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> device.isOn(lab.uplink, MAC)))
                .isTrue();
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> device.isOn(1, MAC)))
                .isFalse();
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> device.isOn(lab.uplink, MAC + 1)))
                .isFalse();
        assertThat(lab.<Integer, RuntimeException>inHost(() -> Macvtap.deleteAllOf("another")))
                .isZero();
        assertThat(lab.<Integer, RuntimeException>inHost(() -> Macvtap.deleteAllOf(ALIAS)))
                .isOne();
        assertThat(lab.<Boolean, RuntimeException>inHost(() -> device.isOn(lab.uplink, MAC)))
                .isFalse();
        assertThatThrownBy(() -> Macvtap.adopt(device.fds()))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("ENOLINK");
        lab.doInHost(device::delete);
        assertThat(lab.host.run("ip link")).doesNotContain("tswd0");
        // Nothing is left of one that cannot be made.
        assertThatThrownBy(() -> lab.inHost(() ->
                        Macvtap.create(new Macvtap.Plan(lab.uplink, "tswd%d", MAC, 9000, 1, ALIAS, runDirectory))))
                .isInstanceOf(DeviceException.class);
        assertThat(lab.host.run("ip link")).doesNotContain("tswd0");
        assertThat(new File("/dev").list()).noneMatch(name -> name.startsWith(".tapswitch"));
    }
}
