
"use strict";
// The charts of a study: bars in groups, as the report's data lists them.

(() => {
  const {data, chart, axis, bars} = page;

  for (const each of data.charts) {
    const series = each.series.map(one => ({label: one.name, data: one.values,
      texts: one.values.map((value, row) => value === null ? "none" : one.texts[row])}));
    chart(each.id, canvas => bars(canvas, each.groups, series, axis(each.axis, {min: 0,
      ...(each.most === null ? {} : {max: each.most})})));
  }
})();
