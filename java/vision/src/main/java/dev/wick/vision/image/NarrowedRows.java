package dev.wick.vision.image;

/**
 * Some rows of a picture at a time, narrowed to the columns of a result; one thread.
 *
 * <p>Columns are read in tiles, and only as many are kept as one result's column reads.
 */
final class NarrowedRows {
    /** Columns turned at a time: as many cache lines are written to in turn. */
    private static final int TILE = 128;

    private final PictureWords reader;
    private final ResizeWeights columns;
    private final int[] weights;
    private final int bands;
    private final int height;
    /** The columns of a tile, as words. */
    private final int[][] tile;
    /** For each band the columns at hand, twice, so that any of them in a row lie in a row here. */
    private final int[][][] ring;
    private final int ringSize;
    private final int[] sums;
    private final int[][] narrow;
    private final int[][] rows;

    /** @param height how many rows at a time */
    NarrowedRows(Picture picture, ResizeWeights columns, int height) {
        this.reader = new PictureWords(picture);
        this.columns = columns;
        this.weights = columns.fixed();
        this.bands = picture.mode().bands();
        this.height = height;
        this.tile = new int[TILE][height];
        this.ringSize = columns.taps() + TILE;
        this.ring = new int[bands][2 * ringSize][];
        for (int[][] band : ring) {
            for (int column = 0; column < ringSize; column++) {
                band[column] = new int[height];
                band[ringSize + column] = band[column];
            }
        }
        this.sums = new int[height];
        this.narrow = new int[TILE][height];
        this.rows = new int[height][columns.starts().length];
    }

    /**
     * The rows from {@code top} on, as words of 8-bit samples; until the next call.
     *
     * <p>Colours are multiplied by alpha, where there is one.
     */
    int[][] read(int top) {
        int width = columns.starts().length;
        int loaded = columns.first();
        int turned = 0;
        for (int x = 0; x < width; x++) {
            int start = columns.starts()[x];
            int count = columns.counts()[x];
            while (loaded < start + count) {
                loaded += load(top, loaded);
            }
            for (int band = 0; band < bands; band++) {
                PillowResize.sum(ring[band], start % ringSize, count, weights, x * columns.taps(), sums);
                PictureWords.put(sums, band, narrow[x - turned]);
            }
            if (x + 1 - turned == TILE || x + 1 == width) {
                turn(turned, x + 1 - turned);
                turned = x + 1;
            }
        }
        return rows;
    }

    private int load(int top, int from) {
        int count = Math.min(TILE, columns.end() - from);
        reader.readColumns(top, height, from, count, tile);
        int[][] column = new int[bands][];
        for (int i = 0; i < count; i++) {
            for (int band = 0; band < bands; band++) {
                column[band] = ring[band][(from + i) % ringSize];
            }
            reader.bands(tile[i], height, true, column);
        }
        return count;
    }

    private void turn(int from, int count) {
        for (int y = 0; y < height; y++) {
            turn(y, count, from, rows[y]);
        }
    }

    private void turn(int y, int count, int to, int[] row) {
        for (int i = 0; i < count; i++) {
            row[to + i] = narrow[i][y];
        }
    }
}
