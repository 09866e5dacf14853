
"use strict";
// The charts of a benchmark: one series for each dtype, one group or pair of charts for each batch.

(() => {
  const {data, chart, axis, logarithmicAxis, number, measured, lines, bars} = page;
  const MARKED = [50, 90, 99];
  // Beyond this ratio of the slowest to the fastest run, a linear axis would press the fast ones together.
  const LOGARITHMIC_FROM = 8;

  // A dtype that was asked for more than once makes as many series: comparing one with itself shows the noise.
  const counts = new Map();
  const cells = data.results.map(result => ({...result, failed: false}))
    .concat(data.failures.map(failure => ({...failure, failed: true})));
  for (const cell of cells) {
    const key = cell.dtype + " " + cell.batch;
    counts.set(key, (counts.get(key) || 0) + 1);
    cell.series = cell.dtype + (counts.get(key) > 1 ? " (" + counts.get(key) + ")" : "");
  }
  const series = [...new Set(cells.map(cell => cell.series))].sort((a, b) => order(a) - order(b));
  const batches = [...new Set(cells.map(cell => cell.batch))].sort((a, b) => a - b);

  // Of the dtypes as they were asked for; failed ones come last in the data.
  function order(name) {
    const dtypes = data.settings.dtypes;
    const [dtype, again] = name.split(" ");
    return dtypes.indexOf(dtype) + (again ? dtypes.length : 0);
  }

  function cellOf(name, batch) {
    return cells.find(cell => cell.series === name && cell.batch === batch);
  }

  function distribution(cell) {
    const all = cell.runs;
    const ms = cell.samplesMs ? [...cell.samplesMs].sort((a, b) => a - b) : cell.thinnedSamples.rankedMs;
    const ranks = cell.samplesMs ? ms.map((_, index) => index + 1) : cell.thinnedSamples.ranks;
    const points = [{x: ms[0], y: 0}];
    ms.forEach((x, index) => points.push({x, y: ranks[index] / all}));
    for (const percent of MARKED) {
      const at = points.findIndex(point => point.y >= Math.ceil(percent * all / 100) / all - 1e-12);
      points[at] = {...points[at], marks: (points[at].marks || []).concat("p" + percent), style: "circle"};
    }
    const mean = cell.latencyMs.mean;
    const after = points.findIndex(point => point.x > mean);
    const at = after < 0 ? points.length : after;
    points.splice(at, 0, {x: mean, y: points[at - 1].y, marks: ["mean"], style: "rectRot"});
    return points;
  }

  function inOrder(cell) {
    if (cell.samplesMs) {
      return cell.samplesMs.map((y, index) => ({x: index + 1, y}));
    }
    const {runs, runsMs} = cell.thinnedSamples;
    return runs.map((x, index) => ({x, y: runsMs[index]}));
  }

  function milliseconds(present) {
    const fastest = Math.min(...present.map(cell => cell.latencyMs.min));
    const slowest = Math.max(...present.map(cell => cell.latencyMs.max));
    return slowest / fastest < LOGARITHMIC_FROM ? axis("ms") : logarithmicAxis("ms", number);
  }

  for (const batch of batches) {
    const present = series.map(name => cellOf(name, batch)).filter(cell => cell && !cell.failed);
    // Marked also where a series has no cell here, so that a dtype keeps its colour.
    const each = points => series.map(name => {
      const cell = cellOf(name, batch);
      return cell && !cell.failed ? {label: name + (cell.cut ? " (cut)" : ""), data: points(cell)}
        : {label: name, data: []};
    });
    const legend = {filter: item => present.some(cell => cell.series === series[item.datasetIndex])};

    chart("distribution-" + batch, () => {
      const config = lines(each(distribution).map(one => ({...one, stepped: "before",
          pointRadius: context => context.raw && context.raw.marks ? 4.5 : 0,
          pointStyle: context => context.raw && context.raw.style || "circle"})),
        milliseconds(present),
        axis("share of runs", {min: 0, max: 1, ticks: {callback: value => Math.round(value * 100) + "%"}}),
        {callbacks: {
          title: () => "",
          label: ({dataset, raw}) => dataset.label + ": " + (raw.marks ? raw.marks.join(", ") + " " : "")
            + number(raw.x) + " ms, " + number(raw.y * 100) + "% took no longer"}});
      Object.assign(config.options.plugins.legend.labels, legend);
      return config;
    });
    chart("runs-" + batch, () => {
      const config = lines(each(inOrder).map(one => ({...one, borderWidth: 1, borderDash: [],
          pointRadius: one.data.length > 200 ? 0 : 1.5})),
        axis("run", {min: 1, ticks: {precision: 0, maxRotation: 0}}), milliseconds(present),
        {callbacks: {title: items => items.length ? "run " + items[0].raw.x : "",
          label: ({dataset, raw}) => dataset.label + ": " + number(raw.y) + " ms"}});
      Object.assign(config.options.plugins.legend.labels, legend);
      return config;
    });
  }

  // One bar for each cell. A text says what the bar's length does not: that it is cut, that there is none.
  function byBatch(id, value, text, scale) {
    chart(id, canvas => bars(canvas, batches.map(batch => "batch " + batch), series.map(name => {
      const own = batches.map(batch => cellOf(name, batch));
      return {
        label: name,
        data: own.map(cell => cell && !cell.failed ? value(cell) : null),
        texts: own.map(cell => !cell ? "not measured" : cell.failed ? "failed"
          : text(cell) + (cell.cut ? " (cut)" : ""))
      };
    }), scale()));
  }

  // A decade below the smallest, so that its bar can be seen too.
  function logarithmic(title, value) {
    const positive = cells.filter(cell => !cell.failed).map(value).filter(each => each > 0);
    if (positive.length === 0) {
      return axis(title, {min: 0, max: 1});
    }
    const decade = Math.floor(Math.log10(Math.min(...positive)));
    return logarithmicAxis(title, tick => tick.toExponential(0), {min: 10 ** (decade - 1)});
  }

  const difference = value => value === null ? "not finite" : value === 0 ? "0" : value.toExponential(2);
  byBatch("throughput", cell => cell.throughputPerSecond, cell => measured(cell.throughputPerSecond),
    () => axis("items/s", {min: 0}));
  byBatch("memory", cell => cell.peakMemoryBytes / 2 ** 20,
    cell => measured(cell.peakMemoryBytes / 2 ** 20) + " (" + cell.peakMemorySource + ")", () => axis("MiB", {min: 0}));
  byBatch("largest-difference", cell => cell.outputMaxAbsDiff, cell => difference(cell.outputMaxAbsDiff),
    () => logarithmic("absolute difference", cell => cell.outputMaxAbsDiff));
  byBatch("mean-difference", cell => cell.outputMeanAbsDiff, cell => difference(cell.outputMeanAbsDiff),
    () => logarithmic("absolute difference", cell => cell.outputMeanAbsDiff));
  byBatch("top-5", cell => cell.top5Agreement,
    cell => cell.top5Agreement === null ? "none" : cell.top5Agreement.toFixed(4),
    () => axis("share", {min: 0, max: 1}));
})();
