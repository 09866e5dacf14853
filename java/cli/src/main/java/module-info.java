/**
 * The command line.
 *
 * <p>Pictures ({@code --image}, {@code preprocess}) take java.desktop; a runtime without it has everything else.
 */
module dev.wick.cli {
    requires dev.wick;
    requires dev.wick.study;
    requires dev.wick.vision;
    requires info.picocli;
    requires jdk.jfr;
    requires me.tongfei.progressbar;

    opens dev.wick.cli to info.picocli;
}
