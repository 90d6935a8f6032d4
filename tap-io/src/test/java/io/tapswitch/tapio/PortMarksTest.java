package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Whose a port is, as Java and the programs read it. */
final class PortMarksTest {
    private final PortMarks marks = PortMarks.inMemory();

    @Test
    void aTunnelsPortIsNoWorkersNotEvenTheLasts() {
        int last = PortMarks.MAX_WORKERS - 1;
        marks.mark(PortMarks.UDP, 4790, last);
        marks.markTunnel(4789);
        assertThat(marks.isTunnel(4789)).isTrue();
        assertThat(marks.owner(PortMarks.UDP, 4789)).isEqualTo(-1);
        assertThat(marks.owner(PortMarks.TCP, 4789)).isEqualTo(-1);
        assertThat(marks.isTunnel(4790)).isFalse();
        assertThat(marks.owner(PortMarks.UDP, 4790)).isEqualTo(last);
    }

    @Test
    void tunnelsThatNobodyClaimsGiveTheirPortsBackAndWorkersKeepTheirs() {
        marks.markTunnel(4789);
        marks.markTunnel(8472);
        marks.mark(PortMarks.UDP, 53, 0);
        marks.clearTunnelsBut(8472);
        assertThat(marks.isTunnel(4789)).isFalse();
        assertThat(marks.isTunnel(8472)).isTrue();
        marks.clearTunnelsBut(0);
        assertThat(marks.isTunnel(8472)).isFalse();
        assertThat(marks.owner(PortMarks.UDP, 53)).isZero();
    }
}
