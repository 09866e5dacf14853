
"use strict";
// Draws the charts of every HTML report with Chart.js: in the page's colours, whichever scheme it is seen in.

const page = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const makers = new Map();
  const drawn = [];
  const dashes = [[], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4], [4, 4]];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  // Series are told apart by dashes too, for those who print in black.
  function line(index) {
    return {borderColor: colour("series-" + (index % dashes.length + 1)), borderDash: dashes[index % dashes.length]};
  }

  function draw() {
    drawn.splice(0).forEach(chart => chart.destroy());
    Object.assign(Chart.defaults, {color: colour("text"), borderColor: colour("line"), animation: false,
      responsive: true, maintainAspectRatio: false, devicePixelRatio: Math.max(2, window.devicePixelRatio)});
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Object.assign(Chart.defaults.plugins.tooltip, {backgroundColor: colour("surface"), titleColor: colour("text"),
      bodyColor: colour("text"), borderColor: colour("line"), borderWidth: 1});
    makers.forEach((make, id) => {
      const canvas = document.getElementById(id);
      try {
        drawn.push(new Chart(canvas, make(canvas)));
      } catch (error) {
        console.error(error);
        canvas.parentElement.textContent = "This chart could not be drawn: " + error.message;
      }
    });
  }

  // Makes the chart of a canvas; again whenever the colours change.
  function chart(id, make) {
    if (document.getElementById(id)) {
      makers.set(id, make);
    }
  }

  function axis(title, more) {
    return {title: {display: true, text: title}, grid: {color: colour("line")}, ...more};
  }

  // Numbers with so many digits as tell them apart, without an exponent where there is none needed.
  function number(value) {
    if (value === 0) {
      return "0";
    }
    const size = Math.abs(value);
    return size >= 1e-3 && size < 1e7 ? value.toLocaleString("en", {maximumSignificantDigits: size < 1e4 ? 4 : 7})
      : value.toExponential(2);
  }

  // Always as many digits, for values that stand among each other.
  function measured(value) {
    return value === 0 || Math.abs(value) >= 1e4 ? value.toLocaleString("en", {maximumFractionDigits: 0})
      : value.toLocaleString("en", {minimumSignificantDigits: 4, maximumSignificantDigits: 4});
  }

  // A logarithmic axis has more lines than there is room for labels: the more decades, the fewer of them are labelled.
  function logarithmicAxis(title, text, more) {
    function label(value) {
      const decades = Math.log10(this.max / this.min);
      const decade = Math.floor(Math.log10(value) + 1e-9);
      // Lines come in halves and thirds of a digit too.
      const digit = Number((value / 10 ** decade).toFixed(6));
      const labelled = decades <= 3 ? [1, 2, 5].includes(digit) : digit === 1 && (decades <= 8 || decade % 2 === 0);
      return labelled ? text(value) : "";
    }
    return axis(title + " (logarithmic)", {type: "logarithmic",
      ticks: {callback: label, autoSkip: false, maxRotation: 0}, ...more});
  }

  // Lines over a numeric axis. A series has a label and points {x, y}, and what else Chart.js takes.
  function lines(series, x, y, tooltip) {
    return {
      type: "line",
      data: {datasets: series.map((each, index) => ({...line(index), borderWidth: 1.75, pointRadius: 0, clip: 8,
        pointBackgroundColor: line(index).borderColor, pointBorderColor: line(index).borderColor, ...each}))},
      options: {
        parsing: false,
        interaction: {mode: "nearest", axis: "x", intersect: false},
        scales: {x: {type: "linear", ...x}, y: {type: "linear", ...y}},
        plugins: {legend: {labels: {usePointStyle: true, pointStyle: "line", pointStyleWidth: 36,
          generateLabels: chart => Chart.defaults.plugins.legend.labels.generateLabels(chart).map(
            item => ({...item, lineDash: chart.data.datasets[item.datasetIndex].borderDash, lineWidth: 2}))}}, tooltip}
      }
    };
  }

  const barLabels = {
    id: "barLabels",
    afterDatasetsDraw(chart) {
      const {ctx, chartArea} = chart;
      ctx.save();
      ctx.font = "12px " + Chart.defaults.font.family;
      ctx.textBaseline = "middle";
      chart.data.datasets.forEach((dataset, index) => {
        if (!chart.isDatasetVisible(index)) {
          return;
        }
        chart.getDatasetMeta(index).data.forEach((bar, row) => {
          ctx.fillStyle = dataset.data[row] === null ? colour("warning") : colour("text");
          ctx.fillText(dataset.texts[row], (dataset.data[row] ? bar.x : chartArea.left) + 6, bar.y);
        });
      });
      ctx.restore();
    }
  };

  // Horizontal bars with their values beside them, which find room however many there are. A series has a label, data
  // with null where there is none, and texts to write beside.
  function bars(canvas, groups, series, x) {
    canvas.parentElement.style.height = 24 * groups.length * series.length + 14 * groups.length + 100 + "px";
    const context = canvas.getContext("2d");
    context.font = "12px " + getComputedStyle(document.body).fontFamily;
    const widest = Math.max(...series.flatMap(each => each.texts).map(text => context.measureText(text).width));
    return {
      type: "bar",
      data: {labels: groups, datasets: series.map((each, index) => ({backgroundColor: line(index).borderColor,
        maxBarThickness: 22, ...each}))},
      options: {
        indexAxis: "y",
        layout: {padding: {right: widest + 10}},
        scales: {x: {type: "linear", ...x}, y: {grid: {display: false}}},
        plugins: {legend: {display: series.length > 1},
          tooltip: {callbacks: {label: item => item.dataset.label + ": " + item.dataset.texts[item.dataIndex]}}}
      },
      plugins: [barLabels]
    };
  }

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("beforeprint", () => {
    document.documentElement.dataset.paper = "";
    draw();
  });
  window.addEventListener("afterprint", () => {
    delete document.documentElement.dataset.paper;
    draw();
  });
  // The report's own script, which says what there is to draw, comes after this one.
  document.addEventListener("DOMContentLoaded", draw);

  return {data, chart, axis, logarithmicAxis, number, measured, lines, bars};
})();
