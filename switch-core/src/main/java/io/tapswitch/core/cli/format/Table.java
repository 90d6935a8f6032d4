package io.tapswitch.core.cli.format;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows in columns, as docker prints them: as wide as the widest cell and three spaces, and ten at least. */
public final class Table {
    private static final int GAP = 3;
    private static final int WIDTH_MIN = 10;

    private final List<List<String>> rows = new ArrayList<>();

    /** A table with this header line. */
    public Table(String... header) {
        rows.add(List.of(header));
    }

    /** Adds a row; it has as many cells as the header. */
    public Table row(String... cells) {
        if (cells.length != rows.getFirst().size()) {
            throw new IllegalArgumentException("a row of " + cells.length + " cells");
        }
        rows.add(List.of(cells));
        return this;
    }

    /** The whole table, each line with its end. */
    public String render() {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        Arrays.fill(widths, WIDTH_MIN);
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], width(row.get(i)) + GAP);
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                text.append(row.get(i));
                if (i < columns - 1) {
                    text.repeat(' ', widths[i] - width(row.get(i)));
                }
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
