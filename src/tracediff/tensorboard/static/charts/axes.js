"use strict";
// The area in which a chart with axes is drawn: scales, ticks, grid, titles.

(function () {
  const charts = window.tracediffCharts;

  /** Round numbers that span the values, about `count` of them. */
  charts.ticks = function (low, high, count) {
    if (low === high) high = low + (Math.abs(low) || 1);
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
    const ticks = [];
    for (let index = Math.floor(low / step + 1e-9); index <= Math.ceil(high / step - 1e-9); index++) {
      ticks.push(index * step);
    }
    return ticks;
  };

  charts.Area = class {
    constructor(chart, hasSecondAxis) {
      const given = chart.options.chartArea || {};
      this.chart = chart;
      this.left = charts.length(given.left, chart.width, Math.max(90, chart.width * 0.1));
      const room = chart.width - this.left - (hasSecondAxis ? 90 : 20);
      this.width = Math.min(charts.length(given.width, chart.width, room), room);
      this.top = charts.length(given.top, chart.height, 34);
      this.height = chart.height - this.top - (chart.options.hAxis && chart.options.hAxis.title ? 70 : 52);
      this.bottom = this.top + this.height;
      this.right = this.left + this.width;
    }

    /** A vertical scale that spans the values, with its ticks left (0) or right (1). Returns value -> y. */
    verticalAxis(low, high, side, title) {
      const ticks = charts.ticks(low, high, 5);
      const [first, last] = [ticks[0], ticks[ticks.length - 1]];
      const scale = (value) => this.bottom - ((value - first) / (last - first)) * this.height;
      const svg = this.chart.svg;
      for (const tick of ticks) {
        const y = scale(tick);
        if (side === 0) {
          const color = Math.abs(tick) < 1e-12 ? "#333" : "#ddd";
          svg.append(charts.element("line", { x1: this.left, x2: this.right, y1: y, y2: y, stroke: color }));
        }
        const place = side === 0 ? { x: this.left - 8, "text-anchor": "end" } : { x: this.right + 8 };
        svg.append(charts.label(charts.number(tick), 200, { y: y + 4, ...place }));
      }
      if (title) {
        const x = Math.max(14, this.left - 78);
        const y = this.top + this.height / 2;
        const turned = { x, y, "text-anchor": "middle", "font-style": "italic", transform: `rotate(-90 ${x} ${y})` };
        svg.append(charts.label(title, this.height * 1.2, turned));
      }
      return scale;
    }

    /** A band for each label. Returns index -> [left, width]. */
    bands(labels, title) {
      const band = this.width / labels.length;
      const longest = Math.max(...labels.map((label) => Math.min(label.length, 24))) * 6.5 + 10;
      const every = Math.max(1, Math.ceil(Math.min(longest, this.width / 4) / band));
      for (let index = 0; index < labels.length; index += every) {
        const place = { x: this.left + (index + 0.5) * band, y: this.bottom + 18, "text-anchor": "middle" };
        this.chart.svg.append(charts.label(labels[index], band * every, place));
      }
      this.horizontalTitle(title);
      return (index) => [this.left + index * band, band];
    }

    /** A horizontal scale that spans exactly the values. Returns value -> x. */
    horizontalAxis(low, high, title) {
      const span = high - low || 1;
      const scale = (value) => this.left + ((value - low) / span) * this.width;
      for (const tick of charts.ticks(low, high, 8)) {
        if (tick < low || tick > high) continue;
        const x = scale(tick);
        const svg = this.chart.svg;
        svg.append(charts.element("line", { x1: x, x2: x, y1: this.top, y2: this.bottom, stroke: "#eee" }));
        svg.append(charts.label(charts.number(tick), 100, { x, y: this.bottom + 18, "text-anchor": "middle" }));
      }
      this.horizontalTitle(title);
      return scale;
    }

    horizontalTitle(title) {
      if (!title) return;
      const place = { x: this.left + this.width / 2, y: this.bottom + 38, "text-anchor": "middle" };
      this.chart.svg.append(charts.label(title, this.width, { ...place, "font-style": "italic" }));
    }
  };
})();
