package io.tapswitch.tapio;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.tapio.sys.Errno;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R2, R9 what is made of failed reads")
class IoPortTest {
    private final IoPort port = new IoPort(1, 3, true);

    @ParameterizedTest
    @ValueSource(ints = {Errno.EBADFD, Errno.EBADF, Errno.EINVAL, Errno.EFAULT, Errno.EOPNOTSUPP})
    void aFileThatCannotBeReadIsGivenUpAtOnce(int errno) {
        assertThat(port.onReadFailed(errno)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.EIO, Errno.ENOMEM})
    void aReadThatFailsForTheMomentIsRepeatedThenRestedThenGivenUp(int errno) {
        for (int i = 0; i < 16; i++) {
            assertThat(port.onReadFailed(errno)).isFalse();
            assertThat(port.resting()).isFalse();
        }
        for (int i = 16; i < 116; i++) {
            assertThat(port.onReadFailed(errno)).isFalse();
            assertThat(port.resting()).isTrue();
        }
        assertThat(port.onReadFailed(errno)).isTrue();
    }

    @Test
    void aSuccessForgetsTheFailures() {
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 16; i++) {
                assertThat(port.onReadFailed(Errno.EIO)).isFalse();
            }
            port.onReadSucceeded();
            assertThat(port.resting()).isFalse();
        }
    }
}
