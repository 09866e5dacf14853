/** The command line. */
module dev.wick.cli {
    requires dev.wick;
    requires dev.wick.vision;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires java.desktop;
    requires jdk.management;
    requires me.tongfei.progressbar;

    opens dev.wick.cli to info.picocli;
}
