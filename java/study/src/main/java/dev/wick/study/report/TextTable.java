package dev.wick.study.report;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns; one thread. */
public final class TextTable {
    private final List<String[]> rows = new ArrayList<>();
    private final String alignment;

    /**
     * An empty table.
     *
     * @param alignment one letter for each column: l or r
     */
    public TextTable(String alignment) {
        this.alignment = alignment;
    }

    /** Adds a row. */
    public TextTable row(Object... cells) {
        String[] texts = new String[cells.length];
        for (int i = 0; i < cells.length; i++) {
            texts[i] = String.valueOf(cells[i]);
        }
        rows.add(texts);
        return this;
    }

    /** Prints the rows, each behind the indent. */
    public void print(PrintWriter out, String indent) {
        int[] widths = new int[alignment.length()];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder(indent);
            for (int i = 0; i < row.length; i++) {
                String padding = " ".repeat(widths[i] - row[i].length());
                line.append(i == 0 ? "" : "  ");
                line.append(alignment.charAt(i) == 'r' ? padding + row[i] : row[i] + padding);
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
