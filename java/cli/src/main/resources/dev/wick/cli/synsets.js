"use strict";
// The charts of synsets: how many ImageNet classes fall under a sense and under everything above it.

(() => {
  const {data, chart, axis, bars} = page;

  data.queries.forEach((query, index) => query.senses.forEach((sense, number) => {
    // Ways up may share synsets: each stands once, the widest first.
    const above = [...new Map(sense.chains.flat().map(synset => [synset.id, synset])).values()]
      .sort((a, b) => b.imageNetClasses - a.imageNetClasses);
    chart("classes-" + index + "-" + number, canvas => bars(canvas,
      above.map(synset => synset.label.split(", ")[0]),
      [{label: "ImageNet classes", data: above.map(synset => synset.imageNetClasses),
        texts: above.map(synset => String(synset.imageNetClasses))}],
      axis("classes of the 1000", {min: 0, ticks: {precision: 0}})));
  }));
})();
