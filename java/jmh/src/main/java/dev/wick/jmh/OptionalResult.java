package dev.wick.jmh;

import java.util.Collection;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.Aggregator;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ResultRole;
import org.openjdk.jmh.util.ListStatistics;
import org.openjdk.jmh.util.Statistics;

/** The mean of a figure that some iterations do not have: JMH's own results count as 0 where they are missing. */
final class OptionalResult extends Result<OptionalResult> {
    private static final long serialVersionUID = 1L;

    OptionalResult(String label, double value, String unit) {
        this(label, of(value), unit);
    }

    private OptionalResult(String label, Statistics statistics, String unit) {
        super(ResultRole.SECONDARY, label, statistics, unit, AggregationPolicy.AVG);
    }

    @Override
    protected Aggregator<OptionalResult> getThreadAggregator() {
        return OptionalResult::merged;
    }

    @Override
    protected Aggregator<OptionalResult> getIterationAggregator() {
        return OptionalResult::merged;
    }

    private static OptionalResult merged(Collection<OptionalResult> results) {
        OptionalResult any = results.iterator().next();
        ListStatistics statistics = new ListStatistics();
        results.forEach(result -> statistics.addValue(result.getScore()));
        return new OptionalResult(any.label, statistics, any.unit);
    }
}
