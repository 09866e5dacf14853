/**
 * The command line.
 *
 * <p>Without java.desktop it runs from the class path, except for pictures and the demo.
 */
module dev.wick.cli {
    requires dev.wick;
    requires dev.wick.study;
    requires dev.wick.vision;
    requires info.picocli;
    requires java.desktop;
    requires jdk.jfr;
    requires me.tongfei.progressbar;

    opens dev.wick.cli to info.picocli;
}
