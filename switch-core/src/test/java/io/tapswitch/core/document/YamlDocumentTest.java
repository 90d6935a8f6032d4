package io.tapswitch.core.document;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a value that is not quoted is (YAML 1.2.2 section 10.3.2). */
class YamlDocumentTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "12; INTEGER",
                "-12; INTEGER",
                "+12; INTEGER",
                "0o17; INTEGER",
                "0x1F; INTEGER",
                "0o18; TEXT",
                "0x; TEXT",
                "1.; DECIMAL",
                ".5; DECIMAL",
                "-.5e-3; DECIMAL",
                "1e3; DECIMAL",
                "-.inf; DECIMAL",
                ".NaN; DECIMAL",
                "-.nan; TEXT",
                "8080:80; TEXT",
                "10.0.0.0/8; TEXT",
                "e3; TEXT",
                "x1; TEXT",
                "~; NULL",
                "True; BOOLEAN",
                "\"12\"; TEXT"
            })
    void aValueIsOfTheTypeThatTheCoreSchemaSays(String text, Scalar.Type type) {
        Node node = YamlDocument.parse(new Source("f.yaml"), "[" + text + "]");
        assertThat(node).isInstanceOf(Sequence.class);
        assertThat(((Sequence) java.util.Objects.requireNonNull(node)).items())
                .singleElement()
                .isInstanceOfSatisfying(
                        Scalar.class, scalar -> assertThat(scalar.type()).isEqualTo(type));
    }
}
