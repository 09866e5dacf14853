"use strict";
// Draws what was given out over time, stacked by whoever asked for it. A moment is told by how many events came earlier.

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  // Of the style's series; the sixth is grey, as what has no name is.
  const SERIES = [1, 2, 3, 4, 5, 7, 8, 9];
  const MARGIN = {left: 78, right: 14, top: 18, bottom: 26};
  const BLOCK = 64;
  const MOST_LINES = 14;

  // The columns, as the page carries them: little-endian numbers in base 64.

  function column(name, Numbers) {
    const text = atob(document.getElementById("column-" + name).textContent);
    const raw = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
      raw[i] = text.charCodeAt(i);
    }
    return new Numbers(raw.buffer);
  }

  const time = column("time", Float64Array);
  const bytes = column("bytes", Float64Array);
  // The event that gave out what this one takes back; its own for one that gives out; -1 where it is not recorded.
  const allocation = column("allocation", Int32Array);
  const context = column("context", Int32Array);
  // What allocations hold that are left out; empty where none are.
  const leftOut = column("left-out", Float64Array);
  const count = time.length;

  const freedBy = new Int32Array(count).fill(count);
  const total = new Float64Array(count + 1);
  total[0] = data.unrecordedBytes;
  for (let i = 0; i < count; i++) {
    if (allocation[i] !== i && allocation[i] >= 0) {
      freedBy[allocation[i]] = i;
    }
    total[i + 1] = total[i] + (allocation[i] === i ? bytes[i] : -bytes[i]);
  }
  for (let i = 0; i < leftOut.length; i++) {
    total[i + 1] += leftOut[i];
  }

  // The highest moment of each block of moments, and of each block of those: a drawn column asks for one range.

  function blocks(length, highest) {
    const chosen = new Int32Array(Math.ceil(length / BLOCK));
    for (let block = 0; block < chosen.length; block++) {
      chosen[block] = highest(block * BLOCK, Math.min(length, (block + 1) * BLOCK));
    }
    return chosen;
  }

  function highestOf(from, to) {
    let best = from;
    for (let i = from + 1; i < to; i++) {
      if (total[i] > total[best]) {
        best = i;
      }
    }
    return best;
  }

  function highestIn(chosen, from, to) {
    let best = chosen[from];
    for (let i = from + 1; i < to; i++) {
      if (total[chosen[i]] > total[best]) {
        best = chosen[i];
      }
    }
    return best;
  }

  const level1 = blocks(count + 1, highestOf);
  const level2 = blocks(level1.length, (from, to) => highestIn(level1, from, to));

  function highest(from, to) {
    let best = from;
    const take = moment => {
      if (total[moment] > total[best]) {
        best = moment;
      }
    };
    let at = from;
    while (at < to) {
      if (at % (BLOCK * BLOCK) === 0 && at + BLOCK * BLOCK <= to) {
        take(level2[at / (BLOCK * BLOCK)]);
        at += BLOCK * BLOCK;
      } else if (at % BLOCK === 0 && at + BLOCK <= to) {
        take(level1[at / BLOCK]);
        at += BLOCK;
      } else {
        take(at++);
      }
    }
    return best;
  }

  // Bands

  let grouping;
  let bands;
  let bandOfContext;

  function stack(name) {
    grouping = data.groupings.find(each => each.id === name);
    const now = new Float64Array(grouping.groups.length);
    const most = new Float64Array(grouping.groups.length);
    for (let i = 0; i < count; i++) {
      const owner = allocation[i];
      if (owner >= 0) {
        const group = grouping.contexts[context[owner]];
        now[group] += owner === i ? bytes[i] : -bytes[i];
        most[group] = Math.max(most[group], now[group]);
      }
    }
    const order = [...most.keys()].filter(group => most[group] > 0).sort((a, b) => most[b] - most[a]);
    const bandOfGroup = new Int32Array(grouping.groups.length).fill(-1);
    bands = [];
    const add = (label, colour, kind) => bands.push({label, colour, kind, values: new Float64Array(count + 1)}) - 1;
    const before = data.unrecordedBytes === 0 ? -1 : add("(before recording)", "line", "before");
    const own = order.length <= SERIES.length + 1 ? order : order.slice(0, SERIES.length);
    let series = 0;
    own.forEach(group => {
      const {kind, name: label} = grouping.groups[group];
      bandOfGroup[group] = add(label, kind === "unknown" ? "muted" : "series-" + SERIES[series++ % SERIES.length],
        kind);
    });
    if (own.length < order.length) {
      const others = add((order.length - own.length) + " others", "muted", "others");
      order.slice(SERIES.length).forEach(group => bandOfGroup[group] = others);
    }
    bandOfContext = grouping.contexts.map(group => bandOfGroup[group]);
    if (leftOut.length > 0) {
      bands[add("(" + data.leftOut.text + ")", "line", "small")].values.set(leftOut, 1);
    }
    const level = new Float64Array(bands.length);
    if (before >= 0) {
      level[before] = data.unrecordedBytes;
      bands[before].values[0] = data.unrecordedBytes;
    }
    for (let i = 0; i < count; i++) {
      const owner = allocation[i];
      const band = owner < 0 ? before : bandOfContext[context[owner]];
      if (band >= 0) {
        level[band] += owner === i ? bytes[i] : -bytes[i];
      }
      for (let b = 0; b < bands.length; b++) {
        if (bands[b].kind !== "small") {
          bands[b].values[i + 1] = level[b];
        }
      }
    }
  }

  // The part that is seen: from and to in nanoseconds, or in events.

  const byTime = {
    end: Math.max(1, data.durationNanos),
    begin: moment => moment === 0 ? 0 : time[moment - 1],
    at(x) {
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (time[middle] <= x) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    },
    smallest: 100,
    text: (x, step) => duration(x, step)
  };
  const byEvents = {
    end: count + 1,
    begin: moment => moment,
    at: x => Math.max(0, Math.min(count, Math.floor(x))),
    smallest: 8,
    text: x => Math.round(x).toLocaleString("en")
  };
  let axis = byTime;
  let view = {from: 0, to: axis.end};

  function show(from, to) {
    const width = Math.min(axis.end, Math.max(axis.smallest, to - from));
    const begin = Math.max(0, Math.min(axis.end - width, (from + to - width) / 2));
    view = {from: begin, to: begin + width};
    draw();
  }

  function zoom(factor, x) {
    show(x - (x - view.from) * factor, x + (view.to - x) * factor);
  }

  // Texts

  function size(value) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    let scaled = Math.abs(value);
    while (scaled >= 1024 && unit < units.length - 1) {
      scaled /= 1024;
      unit++;
    }
    return (value < 0 ? "-" : "") + (unit === 0 ? scaled : scaled.toFixed(scaled < 10 ? 2 : 1)) + " " + units[unit];
  }

  function exactly(value) {
    return size(value) + (Math.abs(value) >= 1024 ? " (" + value.toLocaleString("en") + " B)" : "");
  }

  function duration(nanos, step) {
    const units = [["s", 1e9], ["ms", 1e6], ["\u00b5s", 1e3], ["ns", 1]];
    const [name, unit] = units.find(each => Math.max(Math.abs(nanos), step || 0) >= each[1]) || units[3];
    const digits = step ? Math.max(0, Math.ceil(Math.log10(unit / step) - 1e-9)) : nanos / unit < 100 ? 3 : 1;
    return (nanos / unit).toFixed(unit === 1 ? 0 : Math.min(9, digits)) + " " + name;
  }

  function frame(each) {
    return each.function + (each.file ? "  " + each.file + ":" + each.line : "");
  }

  function element(name, text, parent) {
    const made = document.createElement(name);
    made.textContent = text;
    if (parent) {
      parent.append(made);
    }
    return made;
  }

  // Drawing

  const canvas = document.getElementById("chart");
  const marker = document.getElementById("marker");
  const overview = document.getElementById("overview");
  let columns = [];
  let floor = 0;
  let top = 1;
  let drawPending = false;

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function prepare(target) {
    const ratio = window.devicePixelRatio || 1;
    const {clientWidth: width, clientHeight: height} = target;
    if (target.width !== Math.round(width * ratio) || target.height !== Math.round(height * ratio)) {
      target.width = Math.round(width * ratio);
      target.height = Math.round(height * ratio);
    }
    const pen = target.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "12px " + getComputedStyle(document.body).fontFamily;
    return {pen, width, height};
  }

  function draw() {
    if (!drawPending) {
      drawPending = true;
      requestAnimationFrame(() => {
        drawPending = false;
        drawChart();
        drawOverview();
        drawMarker();
      });
    }
  }

  function plotWidth() {
    return Math.max(1, canvas.clientWidth - MARGIN.left - MARGIN.right);
  }

  function xOf(value) {
    return MARGIN.left + (value - view.from) / (view.to - view.from) * plotWidth();
  }

  function valueAt(x) {
    return view.from + (x - MARGIN.left) / plotWidth() * (view.to - view.from);
  }

  function yOf(value) {
    const height = canvas.clientHeight - MARGIN.top - MARGIN.bottom;
    return MARGIN.top + height * (1 - (value - floor) / (top - floor));
  }

  function momentsOf(from, to, width) {
    const moments = new Int32Array(width);
    let low = axis.at(from);
    for (let i = 0; i < width; i++) {
      const high = axis.at(from + (i + 1) / width * (to - from));
      moments[i] = highest(low, high + 1);
      low = high;
    }
    return moments;
  }

  function steps(range, most, binary) {
    let step = binary ? 1 : 10 ** Math.floor(Math.log10(range / most));
    if (binary) {
      while (range / step > most) {
        step *= 2;
      }
      return step;
    }
    return [1, 2, 5, 10].map(each => each * step).find(each => range / each <= most) || 10 * step;
  }

  function drawChart() {
    const {pen, width, height} = prepare(canvas);
    columns = momentsOf(view.from, view.to, Math.floor(plotWidth()));
    const most = columns.reduce((each, moment) => Math.max(each, total[moment]), 0);
    const least = columns.reduce((each, moment) => Math.min(each, total[moment]), most);
    floor = document.getElementById("floor").checked ? Math.max(0, least - (most - least) * .06) : 0;
    top = floor + Math.max(1, (most - floor) * 1.06);
    const bottom = height - MARGIN.bottom;

    pen.fillStyle = colour("muted");
    pen.strokeStyle = colour("line");
    pen.lineWidth = 1;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    const rise = steps(top - floor, 6, true);
    for (let value = Math.ceil(floor / rise) * rise; value <= top; value += rise) {
      const y = Math.round(yOf(value)) + .5;
      line(pen, MARGIN.left, y, width - MARGIN.right, y);
      pen.fillText(size(value).replace(/\.0+ /, " "), MARGIN.left - 8, y);
    }
    pen.textAlign = "center";
    const stride = axis === byTime ? steps(view.to - view.from, 8) : Math.max(1, steps(view.to - view.from, 8));
    for (let value = Math.ceil(view.from / stride) * stride; value <= view.to; value += stride) {
      const x = Math.round(xOf(value)) + .5;
      line(pen, x, bottom, x, bottom + 4);
      pen.fillText(axis.text(value, stride), x, bottom + 15);
    }

    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top, plotWidth(), bottom - MARGIN.top);
    pen.clip();
    const base = new Float64Array(columns.length);
    const scale = (bottom - MARGIN.top) / (top - floor);
    for (const band of bands) {
      fill(pen, band, base, bottom, scale);
    }
    pen.restore();
    drawMarks(pen, bottom);
  }

  function line(pen, x1, y1, x2, y2) {
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x2, y2);
    pen.stroke();
  }

  // Adds a band on what is below it; equal neighbours are one step.
  function fill(pen, band, base, bottom, scale) {
    const edge = new Float64Array(base.length);
    let any = false;
    for (let i = 0; i < edge.length; i++) {
      const value = band.values[columns[i]];
      edge[i] = base[i] + value;
      any ||= value !== 0;
    }
    if (any) {
      pen.beginPath();
      trace(pen, edge, bottom, scale, false);
      trace(pen, base, bottom, scale, true);
      pen.closePath();
      pen.fillStyle = colour(band.colour);
      pen.globalAlpha = band.kind === "before" || band.kind === "small" ? .7 : .88;
      pen.fill();
      pen.globalAlpha = 1;
      base.set(edge);
    }
  }

  function trace(pen, edge, bottom, scale, backwards) {
    const last = edge.length - 1;
    for (let k = 0; k <= last; k++) {
      const i = backwards ? last - k : k;
      const before = backwards ? i + 1 : i - 1;
      const y = bottom - (edge[i] - floor) * scale;
      if (k === 0 || edge[i] !== edge[before]) {
        pen.lineTo(MARGIN.left + (backwards ? i + 1 : i), y);
      }
      const next = backwards ? i - 1 : i + 1;
      if (k === last || edge[next] !== edge[i]) {
        pen.lineTo(MARGIN.left + (backwards ? i : i + 1), y);
      }
    }
  }

  function markValue(mark) {
    return axis === byTime ? mark.timeNanos : mark.moment;
  }

  function drawMarks(pen, bottom) {
    const seen = data.marks.filter(mark => markValue(mark) >= view.from && markValue(mark) <= view.to);
    pen.strokeStyle = colour("muted");
    pen.fillStyle = colour("muted");
    pen.textAlign = "left";
    if (seen.length <= plotWidth() / 8) {
      pen.setLineDash([2, 3]);
      let free = -Infinity;
      seen.forEach(mark => {
        const x = Math.round(xOf(markValue(mark))) + .5;
        line(pen, x, MARGIN.top, x, bottom);
        if (x > free) {
          pen.fillText(mark.name, x + 3, bottom - 8);
          free = x + pen.measureText(mark.name).width + 12;
        }
      });
    }
    const x = xOf(axis.begin(data.peak.moment));
    if (x >= MARGIN.left - 1 && x <= MARGIN.left + plotWidth() + 1) {
      pen.setLineDash([5, 3]);
      pen.strokeStyle = pen.fillStyle = colour("warning");
      line(pen, x, MARGIN.top - 4, x, bottom);
      const label = "peak " + size(data.peak.bytes);
      pen.textAlign = x > MARGIN.left + plotWidth() / 2 ? "right" : "left";
      pen.fillText(label, x + (pen.textAlign === "left" ? 4 : -4), MARGIN.top - 8);
    }
    pen.setLineDash([]);
  }

  function drawOverview() {
    const {pen, height} = prepare(overview);
    const moments = momentsOf(0, axis.end, Math.floor(plotWidth()));
    const most = Math.max(1, data.peak.bytes);
    pen.fillStyle = colour("series-1");
    pen.globalAlpha = .55;
    pen.beginPath();
    pen.moveTo(MARGIN.left, height);
    moments.forEach((moment, i) => {
      const y = height - 2 - total[moment] / most * (height - 6);
      pen.lineTo(MARGIN.left + i, y);
      pen.lineTo(MARGIN.left + i + 1, y);
    });
    pen.lineTo(MARGIN.left + moments.length, height);
    pen.fill();
    pen.globalAlpha = 1;
    const from = MARGIN.left + view.from / axis.end * plotWidth();
    const to = MARGIN.left + view.to / axis.end * plotWidth();
    pen.strokeStyle = colour("warning");
    pen.strokeRect(from + .5, 1.5, Math.max(2, to - from - 1), height - 3);
  }

  // What is under the pointer

  let pointer = null;

  function found() {
    const i = Math.floor(pointer.x - MARGIN.left);
    if (i < 0 || i >= columns.length || pointer.y < MARGIN.top || pointer.y > canvas.clientHeight - MARGIN.bottom) {
      return null;
    }
    const moment = columns[i];
    let value = floor + (canvas.clientHeight - MARGIN.bottom - pointer.y)
      / (canvas.clientHeight - MARGIN.bottom - MARGIN.top) * (top - floor);
    let low = 0;
    for (let b = 0; b < bands.length; b++) {
      const wide = bands[b].values[moment];
      if (value < wide) {
        return {moment, band: b, low, ...one(moment, b, value)};
      }
      value -= wide;
      low += wide;
    }
    return {moment, band: -1};
  }

  // Of a band's allocations the oldest lies lowest.
  function one(moment, band, value) {
    let below = 0;
    if (bands[band].kind === "before" || bands[band].kind === "small") {
      return {event: -1};
    }
    for (let i = 0; i < moment; i++) {
      if (allocation[i] === i && freedBy[i] >= moment && bandOfContext[context[i]] === band) {
        if (value < below + bytes[i]) {
          return {event: i, below};
        }
        below += bytes[i];
      }
    }
    return {event: -1};
  }

  function drawMarker() {
    const {pen} = prepare(marker);
    const details = document.getElementById("details");
    const hit = pointer && found();
    if (!hit) {
      details.hidden = true;
      return;
    }
    const bottom = canvas.clientHeight - MARGIN.bottom;
    pen.strokeStyle = colour("text");
    pen.globalAlpha = .5;
    line(pen, Math.floor(pointer.x) + .5, MARGIN.top, Math.floor(pointer.x) + .5, bottom);
    pen.globalAlpha = 1;
    if (hit.event >= 0) {
      const from = Math.max(MARGIN.left, xOf(axis.begin(hit.event + 1)));
      const to = Math.min(MARGIN.left + plotWidth(), freedBy[hit.event] === count ? Infinity
        : xOf(axis.begin(freedBy[hit.event] + 1)));
      const low = yOf(hit.low + hit.below);
      const high = yOf(hit.low + hit.below + bytes[hit.event]);
      pen.fillStyle = colour("text");
      // How long it lives, above; how large it is, at the pointer.
      pen.fillRect(from, MARGIN.top - 3, Math.max(2, to - from), 3);
      pen.lineWidth = 2;
      pen.strokeRect(pointer.x - 6, high, 12, Math.max(1, low - high));
    }
    describe(details, hit);
  }

  function describe(details, hit) {
    details.replaceChildren();
    const rows = [];
    let title = exactly(total[hit.moment]) + " in all";
    if (hit.band >= 0) {
      const band = bands[hit.band];
      rows.push([grouping.text, band.label + ": " + size(band.values[hit.moment]) + " of " + size(total[hit.moment])]);
    }
    if (hit.event >= 0) {
      title = exactly(bytes[hit.event]);
      const end = freedBy[hit.event];
      rows.push(["allocated", duration(time[hit.event])]);
      rows.push(["freed", end === count ? "not while recording"
        : duration(time[end]) + ", after " + duration(time[end] - time[hit.event])]);
      rows.push(...contextRows(data.contexts[context[hit.event]]));
    }
    rows.push(["at", duration(byTime.begin(hit.moment))]);
    element("b", title, details);
    const list = element("dl", "", details);
    rows.forEach(([name, text]) => {
      const row = element("div", "", list);
      element("dt", name, row);
      element("dd", text, row);
    });
    details.hidden = false;
    const box = marker.getBoundingClientRect();
    const x = box.left + pointer.x;
    const y = box.top + pointer.y;
    details.style.left = Math.max(4, x + 18 + details.offsetWidth > innerWidth ? x - 18 - details.offsetWidth : x + 18)
      + "px";
    details.style.top = Math.max(4, Math.min(y + 12, innerHeight - details.offsetHeight - 8)) + "px";
  }

  function contextRows(from) {
    const rows = [];
    const add = (name, text) => {
      if (text) {
        rows.push([name, text]);
      }
    };
    add("operator", from.operator);
    add("module", from.module);
    add("tag", from.tag);
    add("TorchScript", lines(from.torchScript));
    add("Java", lines(from.java));
    return rows.length > 0 ? rows : [["context", "(unknown)"]];
  }

  function lines(frames) {
    const texts = frames.slice(0, MOST_LINES).map(frame);
    if (frames.length > MOST_LINES) {
      texts.push("and " + (frames.length - MOST_LINES) + " more");
    }
    return texts.join("\n");
  }

  // Hands

  marker.addEventListener("wheel", event => {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      pan(event.deltaX);
    } else {
      zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 300), valueAt(event.offsetX));
    }
  }, {passive: false});

  function pan(pixels) {
    const by = pixels / plotWidth() * (view.to - view.from);
    show(view.from + by, view.to + by);
  }

  let drag = null;
  marker.addEventListener("pointerdown", event => {
    marker.setPointerCapture(event.pointerId);
    drag = event.offsetX;
    marker.classList.add("panning");
  });
  marker.addEventListener("pointermove", event => {
    pointer = {x: event.offsetX, y: event.offsetY};
    if (drag !== null) {
      pan(drag - event.offsetX);
      drag = event.offsetX;
    } else {
      requestAnimationFrame(drawMarker);
    }
  });
  for (const type of ["pointerup", "pointercancel"]) {
    marker.addEventListener(type, () => {
      drag = null;
      marker.classList.remove("panning");
    });
  }
  marker.addEventListener("pointerleave", () => {
    pointer = null;
    drawMarker();
  });
  marker.addEventListener("dblclick", () => show(0, axis.end));
  marker.addEventListener("keydown", event => {
    const middle = (view.from + view.to) / 2;
    const actions = {ArrowLeft: () => pan(-60), ArrowRight: () => pan(60), "+": () => zoom(.7, middle),
      "=": () => zoom(.7, middle), "-": () => zoom(1 / .7, middle), "0": () => show(0, axis.end)};
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  });
  overview.addEventListener("pointerdown", event => {
    const middle = (event.offsetX - MARGIN.left) / plotWidth() * axis.end;
    const half = (view.to - view.from) / 2;
    show(middle - half, middle + half);
  });

  function zoomTo(from, to) {
    const begin = axis.begin(from);
    const end = to > count ? axis.end : axis.begin(to);
    const room = Math.max(axis.smallest, (end - begin) * .15);
    show(begin - room, end + room);
  }

  // What stands around the chart

  function legend() {
    const list = document.getElementById("legend");
    list.replaceChildren();
    [...bands].reverse().forEach(band => {
      const item = element("li", "", list);
      const box = element("i", "", item);
      box.style.background = "var(--" + band.colour + ")";
      element("span", band.label + ", " + size(band.values[data.peak.moment]) + " at the peak", item);
    });
  }

  function cells(row, values) {
    values.forEach(([text, kind]) => element("td", text, row).className = kind || "");
  }

  function percent(part) {
    return data.peak.bytes === 0 ? "" : (100 * part / data.peak.bytes).toFixed(1) + " %";
  }

  function shares() {
    document.getElementById("shares-name").textContent = grouping.text;
    const body = document.querySelector("#shares tbody");
    body.replaceChildren();
    grouping.peak.forEach(share => cells(element("tr", "", body), [[share.name],
      [share.bytes.toLocaleString("en"), "number"], [percent(share.bytes), "number"],
      [share.kind === "beforeRecording" ? "" : share.count.toLocaleString("en"), "number"]]));
  }

  function allocations() {
    const body = document.querySelector("#allocations tbody");
    data.peak.allocations.forEach(each => {
      const from = data.contexts[each.context];
      const row = element("tr", "", body);
      const end = each.event >= 0 ? freedBy[each.event] : count;
      cells(row, [[each.bytes.toLocaleString("en"), "number"], [percent(each.bytes), "number"],
        [from.operator || "", "word"], [from.module || ""], [from.tag || ""],
        [from.torchScript.length > 0 ? frame(from.torchScript[0]) : "", "stack"],
        [each.caller, "stack"], [duration(each.timeNanos), "number"],
        [end === count ? "" : duration(time[end] - each.timeNanos), "number"]]);
      if (each.event >= 0) {
        row.addEventListener("click", () => {
          zoomTo(each.event + 1, end + 1);
          marker.scrollIntoView({block: "center"});
        });
      }
    });
  }

  function facts() {
    const list = document.getElementById("facts");
    const add = (name, text) => {
      const row = element("div", "", list);
      element("dt", name, row);
      element("dd", text, row);
    };
    add("Peak", exactly(data.peak.bytes) + ", " + duration(data.peak.timeNanos) + " after recording began");
    add("Before recording", exactly(data.baselineBytes));
    add("At the end", exactly(data.endBytes));
    add("Recorded", data.eventCount.toLocaleString("en") + " events in " + duration(data.durationNanos));
    add("Device", data.device);
    add("Began", new Date(data.startEpochMicros / 1000).toISOString());
    for (const text of data.warnings) {
      const warning = element("p", text);
      warning.className = "warning";
      list.after(warning);
    }
  }

  function choose(name) {
    stack(name);
    legend();
    shares();
    draw();
  }

  const chooser = document.getElementById("grouping");
  data.groupings.forEach(each => element("option", each.text, chooser).value = each.id);
  chooser.value = data.groupings.some(each => each.id === "tag" && each.peak.some(share => share.kind === "named"))
    ? "tag" : "operator";
  chooser.addEventListener("change", () => choose(chooser.value));
  document.getElementById("axis").addEventListener("change", event => {
    const from = axis.at(view.from);
    const to = axis.at(view.to);
    const whole = view.from === 0 && view.to === axis.end;
    axis = event.target.value === "events" ? byEvents : byTime;
    if (whole) {
      show(0, axis.end);
    } else {
      show(axis.begin(from), to === count ? axis.end : axis.begin(to));
    }
  });
  document.getElementById("floor").addEventListener("change", draw);
  document.getElementById("all").addEventListener("click", () => show(0, axis.end));
  document.getElementById("peak").addEventListener("click", () => {
    const x = axis.begin(data.peak.moment);
    const width = (view.to - view.from) / 8;
    show(x - width, x + width);
  });

  facts();
  allocations();
  choose(chooser.value);
  new ResizeObserver(draw).observe(canvas);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
