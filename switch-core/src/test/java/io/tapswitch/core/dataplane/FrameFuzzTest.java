package io.tapswitch.core.dataplane;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.tapswitch.tapio.VirtioNetHeader;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Fuzzing of everything that reads a frame before it is believed. In the normal suite it runs the seeds; with
 * JAZZER_FUZZ=1 in the environment it searches, guided by coverage. A read beyond the frame throws, because Agrona
 * checks bounds in tests.
 */
class FrameFuzzTest {
    private static final long MAC = 0x0242_0a00_0002L;
    private static final int ADDRESS = 0x0a00_0002;

    @FuzzTest(maxDuration = "60s")
    void noFrameMakesTheDatapathReadBeyondIt(byte[] bytes) {
        if (bytes.length < VirtioNetHeader.LENGTH) {
            return; // the kernel never delivers less than its own header
        }
        Bridge bridge = new Bridge(TestSwitch.NETWORK, 1);
        UnsafeBuffer frame = new UnsafeBuffer(bytes);
        int verdict = FrameValidator.validate(frame, 0, bytes.length, bridge);
        if (verdict == Verdict.PASS) {
            int length = bytes.length - VirtioNetHeader.LENGTH;
            SourceGuard.check(frame, VirtioNetHeader.LENGTH, length, MAC, ADDRESS);
            Gateway.handle(frame, 0, bytes.length, bridge, 0);
        }
    }
}
