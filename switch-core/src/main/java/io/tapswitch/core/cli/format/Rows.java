package io.tapswitch.core.cli.format;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a list shows: rows of named texts. {@code --format} chooses among docker's forms: nothing or {@code table} for
 * the usual columns, {@code json} for an object a line, {@code table TEMPLATE} for other columns under their headers,
 * and a template for everything else.
 */
public final class Rows {
    private static final String TABLE = "table";
    private static final Pattern WORDS = Pattern.compile("(?<=[a-z])(?=[A-Z])");

    private final Map<String, String> headers;
    private final List<String> usual;
    private final List<Map<String, String>> rows = new ArrayList<>();

    /** Rows with these fields and their headers, of which some are the usual columns. */
    public Rows(Map<String, String> headers, String... usual) {
        this.headers = headers;
        this.usual = List.of(usual);
    }

    /** {@return rows with these fields, all of them usual, under headers that say the same: PATH MTU for PathMtu} */
    public static Rows of(String... fields) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (String field : fields) {
            headers.put(field, WORDS.matcher(field).replaceAll(" ").toUpperCase(Locale.ROOT));
        }
        return new Rows(headers, fields);
    }

    /** {@return fields and headers, given in turn} */
    public static Map<String, String> headers(String... fieldsAndHeaders) {
        Map<String, String> headers = new LinkedHashMap<>();
        for (int i = 0; i < fieldsAndHeaders.length; i += 2) {
            headers.put(fieldsAndHeaders[i], fieldsAndHeaders[i + 1]);
        }
        return headers;
    }

    /** Adds a row: the values in the order of the headers. */
    public Rows row(String... values) {
        if (values.length != headers.size()) {
            throw new IllegalArgumentException("a row of " + values.length + " fields");
        }
        Map<String, String> row = new LinkedHashMap<>();
        int i = 0;
        for (String field : headers.keySet()) {
            row.put(field, values[i++]);
        }
        rows.add(row);
        return this;
    }

    /** {@return all of it, each line with its end} */
    public String render(@Nullable String format) {
        if (format == null || format.isEmpty() || format.equals(TABLE)) {
            Table table = new Table(usual.stream().map(headers::get).toArray(String[]::new));
            rows.forEach(row -> table.row(usual.stream().map(row::get).toArray(String[]::new)));
            return table.render();
        }
        StringBuilder lines = new StringBuilder();
        if (format.equals("json")) {
            rows.forEach(row -> lines.append(Json.line(row)).append('\n'));
        } else if (format.startsWith(TABLE + " ")) {
            // Checked against the header, too: a field that is not there is refused also when there are no rows.
            Template template =
                    Template.parse(format.substring(TABLE.length() + 1).strip());
            Table table = new Table(cells(template.applyToRow(headers)));
            rows.forEach(row -> table.row(cells(template.applyToRow(row))));
            return table.render();
        } else {
            Template template = Template.parse(format);
            template.applyToRow(headers);
            rows.forEach(row -> lines.append(template.applyToRow(row)).append('\n'));
        }
        return lines.toString();
    }

    private static String[] cells(String line) {
        return Arrays.stream(line.split("\t", -1)).toArray(String[]::new);
    }
}
