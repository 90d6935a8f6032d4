package io.tapswitch.core.control;

import static io.tapswitch.core.control.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapswitch.core.model.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of ports that wait: those of files, and those of containers that only 'attach' brings back. */
class WaitingEntriesTest {
    @TempDir
    Path directory;

    private TestControl control;

    @BeforeEach
    void start() {
        FakePlumbing plumbing = new FakePlumbing();
        plumbing.outside = new FakeOutside(directory);
        control = new TestControl(directory.resolve("state"), plumbing);
        control.create("inside", true, false, "10.66.0.0/24");
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private Path file(String text) throws IOException {
        Path file = directory.resolve("f.yaml");
        Path next = directory.resolve("f.yaml.next");
        Files.writeString(next, text);
        return Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private List<String> warnings() {
        return control.controller.warnings();
    }

    /** Attached, and its last interface is gone. */
    private void detached(String name) throws Exception {
        Container container = control.attach(name);
        control.plumbing.listener(container.endpoints().getFirst().id()).onGone();
        eventually(() -> assertThat(control.container(name).status()).isEqualTo(Container.Status.DETACHED));
    }

    @Test
    void whatCommandsSayIsSaidOfFilesToo_butNotOfContainersThatAreNotThereYet() throws Exception {
        control.attach("one", "inside");
        control.attach("two");
        Path file = file("""
                publish:
                  - {container: nobody, ports: '70:70'}
                  - {container: two, ports: '90:90'}
                  - {container: one, ports: ['80:80', '81:81']}
                """);
        control.controller.configure(file, null);
        assertThat(warnings())
                .containsExactly(file + ":4: Published ports of container one are not in force: 80:80/tcp, 81:81/tcp."
                        + " It is in no network that leads out with an address of the right family; they are in force"
                        + " once it is connected to one");
        control.connect("bridge", "one");
        assertThat(warnings()).isEmpty();
        file("publish-address: '::'\npublish:\n  - {container: one, ports: '80:80'}\n");
        eventually(() -> assertThat(warnings())
                .singleElement()
                .asString()
                .startsWith(file + ":3: Published ports of container one are not in force: [::]:80:80/tcp."));
        file("publish:\n  - {container: one, ports: '0.0.0.0:80:80', allow: '2001:db8::/32'}\n");
        eventually(() -> assertThat(warnings()).singleElement().asString().contains(file + ":2: "));
    }

    @Test
    void ofManyASentenceNamesAFew() throws Exception {
        StringBuilder text = new StringBuilder("publish:\n");
        for (int i = 0; i < 12; i++) {
            control.attach("c" + i, "inside");
            for (int j = 0; j < 12; j++) {
                text.append("  - {container: c").append(i).append(", ports: '");
                text.append(1000 + 12 * i + j).append(":80'}\n");
            }
        }
        control.controller.configure(file(text.toString()), null);
        assertThat(warnings()).hasSize(9);
        assertThat(warnings().getFirst()).contains("1000:80/tcp, ", "1007:80/tcp and 4 more. ");
        assertThat(warnings().getLast())
                .isEqualTo("4 more containers have entries that are not in force; tapswitch stats -p says why each"
                        + " waits");
    }

    @Test
    void whoIsDetachedGetsItsPortsOnlyByAttachingAnew() throws Exception {
        detached("one");
        PublishAnswer answer = control.controller.publish("one", new PublishRequest(List.of("8761:80"), null));
        assertThat(answer.warnings())
                .containsExactly("Published ports of container one are not in force: 8761:80/tcp. It was attached, not"
                        + " run, so it can run again only by 'attach' of its namespace; that makes it anew, and what"
                        + " commands published is forgotten: publish them with it ('attach -p') or afterwards");
        assertThat(control.controller.looking().ports("one"))
                .extracting(Looking.PortView::waiting)
                .containsExactly("container one is detached, and runs when its namespace is attached again");
        control.controller.configure(file("publish: [{container: one, ports: '80:80'}]\n"), null);
        assertThat(warnings()).as("it was its owner's wish").isEmpty();
    }
}
