package io.tapswitch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapswitch.core.control.ClusterOptions;
import io.tapswitch.core.model.Refusal;
import io.tapswitch.tapio.IoMode;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DaemonOptionsTest {
    @Test
    void readsWhatThisVersionKnows() {
        DaemonOptions options = DaemonOptions.parse(
                "--socket",
                "/tmp/x.sock",
                "--state-dir=/tmp/x",
                "--uplink",
                "none",
                "--workers",
                "2",
                "--io",
                "poll",
                "--memory",
                "512m");
        assertThat(options.socketPath()).isEqualTo(Path.of("/tmp/x.sock"));
        assertThat(options.stateDirectory).isEqualTo(Path.of("/tmp/x"));
        assertThat(options.workers).isEqualTo(2);
        assertThat(options.ioMode()).isEqualTo(IoMode.POLL);
        assertThat(options.memoryBytes()).isEqualTo(512L << 20);
    }

    @Test
    void hasDefaults() {
        DaemonOptions options = DaemonOptions.parse();
        assertThat(options.stateDirectory).isEqualTo(Path.of("/var/lib/tapswitch"));
        assertThat(options.workers).isEqualTo(1);
        assertThat(options.ioMode()).isNull();
        assertThat(options.memoryBytes()).isEqualTo(1L << 30);
    }

    @Test
    void eachStateDirectoryHasARunDirectoryOfItsOwn() {
        assertThat(DaemonOptions.parse().runDirectory())
                .isEqualTo(DaemonOptions.parse("--state-dir=/var/lib/../lib/tapswitch")
                        .runDirectory())
                .hasParentRaw(Path.of("/run/tapswitch"))
                .isNotEqualTo(DaemonOptions.parse("--state-dir=/srv/other").runDirectory());
        assertThat(DaemonOptions.parse("--run-dir=/run/mine").runDirectory()).isEqualTo(Path.of("/run/mine"));
    }

    @Test
    void theClusterIsSaidAsDockerDoes() {
        assertThat(DaemonOptions.parse().cluster()).isNull();
        ClusterOptions cluster = Objects.requireNonNull(
                DaemonOptions.parse("--cluster-store=etcd://192.0.2.1:2379,h:3", "--cluster-advertise", "eth0:2376")
                        .cluster());
        assertThat(cluster.advertise()).isEqualTo("eth0:2376");
        assertThat(cluster.store().description()).isEqualTo("etcd://192.0.2.1:2379,h:3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--cluster-store=consul://x | only etcd is supported",
                "--cluster-store=x | it is written as etcd://HOST:PORT",
                "--cluster-advertise=eth0 | has no meaning without --cluster-store",
                "--cluster-store=etcd://x --cluster-advertise= | invalid --cluster-advertise: it is empty; give an",
                "--cluster-store-opt=kv.keyfile=k | has no meaning without --cluster-store",
                "--cluster-store=etcd://x --cluster-store-opt=kv.path=p | KEY one of kv.cacertfile, kv.certfile",
                "--cluster-store=etcd://x --cluster-store-opt=kv.keyfile=k | and its key are given together",
                "--cluster-store=etcd://x --cluster-store-opt=kv.userfile=/nowhere"
                        + " | --cluster-store-opt kv.userfile: cannot read /nowhere: there is no such file",
                "--cluster-store=etcd://x --cluster-store-opt=kv.cacertfile=/nowhere"
                        + " | --cluster-store-opt: file /nowhere cannot be read: there is no such file",
                "--cluster-store=etcd://x --cluster-store-opt=kv.cacertfile=/dev/null"
                        + " | --cluster-store-opt: file /dev/null holds no certificate in PEM",
            })
    void whatIsSaidOfAClusterAndCannotBeIsRefused(String flags, String fault) {
        assertThatThrownBy(() -> DaemonOptions.parse(flags.split(" ")))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining(fault);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--workers=0",
                "--metrics=",
                "--metrics=9642",
                "--metrics=:9642",
                "--metrics=localhost:9642",
                "--metrics=127.0.0.1",
                "--metrics=127.0.0.1:0",
                "--metrics=127.0.0.1:65536",
                "--metrics=::1:9642",
                "--workers=17",
                "--workers=x",
                "--io=fast",
                "--tunnel=udp",
                "--memory=1",
                "--memory=x",
                "--memory=9999999999g",
                "--memory=",
                "--uplink=dedicated:eth0",
                "--uplink=dedicated:eth0,10.0.0.2",
                "--uplink=dedicated:eth0,10.0.0.2/24,10.1.0.1",
                "--nonsense",
                "stray"
            })
    void refusesWhatHasNoMeaning(String flag) {
        assertThatThrownBy(() -> DaemonOptions.parse(flag)).isInstanceOf(Refusal.class);
    }
}
