package dev.wick.vision.image;

/**
 * To which size torchvision resizes a picture, and what its centre crop keeps; any thread.
 *
 * @param width   of the whole picture, resized
 * @param window  of it, that is kept
 * @param padLeft zeros before the window, where the crop is wider than the picture
 */
record PreprocessedSize(long width, long height, PillowResize.Window window, int padLeft, int padTop,
        boolean isPadded) {
    static PreprocessedSize of(int pictureWidth, int pictureHeight, int shorter, int cropWidth, int cropHeight) {
        long width = shorter;
        long height = shorter;
        if (pictureWidth <= pictureHeight) {
            height = (long) shorter * pictureHeight / pictureWidth;
        } else {
            width = (long) shorter * pictureWidth / pictureHeight;
        }
        int padLeft = (int) Math.max(0, (cropWidth - width) / 2);
        int padTop = (int) Math.max(0, (cropHeight - height) / 2);
        PillowResize.Window window = new PillowResize.Window(start(width, cropWidth), start(height, cropHeight),
                (int) Math.min(width, cropWidth), (int) Math.min(height, cropHeight));
        return new PreprocessedSize(width, height, window, padLeft, padTop, width < cropWidth || height < cropHeight);
    }

    private static int start(long size, int crop) {
        // Python rounds halves to the even number, and so does rint.
        return size <= crop ? 0 : Math.toIntExact((long) Math.rint((size - crop) / 2.0));
    }
}
