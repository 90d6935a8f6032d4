package io.tapswitch.core.cli.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {
    private static JsonObject object() throws JsonParserException {
        return JsonParser.object()
                .from("{\"Name\":\"web\",\"N\":7,\"On\":true,\"Nil\":null,\"Labels\":{\"b\":\"2\",\"a.b\":\"1\"},"
                        + "\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\"},{\"Subnet\":\"fd00::/64\"}]}}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{{.Name}}|web",
                "{{ .Name }}-{{.N}}-{{.On}}|web-7-true",
                "{{.Nil}} {{.No}} {{.No.More}} {{.Name.More}}|<no value> <no value> <no value> <no value>",
                "{{.Labels}}|map[a.b:1 b:2]",
                "{{json .Labels}}|{\"b\":\"2\",\"a.b\":\"1\"}",
                "{{json .Name}} {{json .No}}|\"web\" null",
                "{{index .Labels \"a.b\"}}|1",
                "{{index .Labels \"x\"}}|<no value>",
                "{{index .IPAM.Config 1 \"Subnet\"}}|fd00::/64",
                "{{range .IPAM.Config}}{{.Subnet}},{{end}}|10.0.0.0/8,fd00::/64,",
                "{{range .Labels}}[{{.}}]{{end}}|[1][2]",
                "{{range .IPAM.Config}}{{range .}}<{{.}}>{{end}}{{end}}|<10.0.0.0/8><fd00::/64>",
                "{{range .No}}x{{end}}.|.",
                "{{.IPAM.Config}}|[map[Subnet:10.0.0.0/8] map[Subnet:fd00::/64]]",
                "plain|plain",
            })
    void whatIsInThisVersionIsFilledInAsGoDoes(String template, String text) throws Exception {
        assertThat(Template.parse(template).apply(object())).isEqualTo(text);
    }

    @Test
    void tabsAndLineEndsMayBeWrittenWithABackslash() throws Exception {
        assertThat(Template.parse("{{.Name}}\\t{{.N}}\\n").apply(object())).isEqualTo("web\t7\n");
        assertThat(Template.parse("{{json .}}").apply(Map.of("a", 1))).isEqualTo("{\"a\":1}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "ab {{.Name~template: at 4: {{ without }}",
                "{{if .Name}}x{{end}}~template: at 3: 'if' is not in this version; there are {{.Field}},",
                "{{.Name | json}}~template: at 9: '| json' is not in this version",
                "{{upper .Name}}~template: at 3: 'upper' is not in this version;",
                "{{range .Name}}~template: at 1: {{range}} without {{end}}",
                "x{{end}}~template: at 2: {{end}} without {{range}}",
                "{{range $k, $v := .A}}{{end}}~template: at 9: '$k,' is not in this version;",
                "{{}}~template: at 3: a field such as .Name is missing",
                "{{index .Labels}}~template: at 16: index needs a \"key\" or a number",
                "{{index .Labels x}}~template: at 17: 'x' is neither a \"key\" nor a number",
                "{{index .Labels \"x}}~template: at 17: the \" is not closed",
                "{{.Name.}}~template: at 3: '.Name.' is not in this version;",
                "{{- .Name}}~template: at 3: '-' is not in this version;",
            })
    void everythingElseIsRefusedWithItsPosition(String template, String complaint) {
        assertThatThrownBy(() -> Template.parse(template))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith(complaint);
    }

    @Test
    void aRowHasNoOtherFieldsThanItsOwn() {
        assertThat(Template.parse("{{.ID}}").applyToRow(Map.of("ID", "1"))).isEqualTo("1");
        assertThatThrownBy(() -> Template.parse("{{.Id}}").applyToRow(Map.of("ID", "1", "Name", "x")))
                .hasMessage("template: at 3: there is no .Id; there are .ID, .Name");
        assertThatThrownBy(() -> Template.parse("{{index .L 3}}").apply(Map.of("L", java.util.List.of())))
                .hasMessage("template: at 12: there is no element 3, there are 0");
    }
}
