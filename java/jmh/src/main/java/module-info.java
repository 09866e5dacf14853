/** JMH profilers of native and device memory and of GPU time. */
module dev.wick.jmh {
    requires transitive dev.wick;
    requires transitive jmh.core;

    exports dev.wick.jmh;

    provides org.openjdk.jmh.profile.Profiler with dev.wick.jmh.NativeMemoryProfiler, dev.wick.jmh.GpuBusyProfiler;
}
