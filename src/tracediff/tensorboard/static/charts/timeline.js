"use strict";
// Spans of time in rows: what ran when, and inside what.

(function () {
  const charts = window.tracediffCharts;

  /** The same colour for the same name. */
  function colorOf(name) {
    let hash = 7;
    for (let index = 0; index < name.length; index++) hash = (hash * 31 + name.charCodeAt(index)) | 0;
    return charts.color(Math.abs(hash));
  }

  window.google.visualization.Timeline = class extends charts.Chart {
    paint() {
      const rows = this.data.rows.map((_, row) => {
        const [layer, name, tooltip, start, end] = [0, 1, 2, 3, 4].map((column) => this.data.value(row, column));
        return { row, layer, name, tooltip, start: Number(start), end: Number(end) };
      });
      // The root of the plugin's tree spans all of time: from the least integer to the greatest.
      const real = rows.filter((one) => Math.abs(one.start) < 1e15 && Math.abs(one.end) < 1e15);
      if (!real.length) return;
      const low = real.reduce((least, one) => Math.min(least, one.start), Infinity);
      const high = real.reduce((most, one) => Math.max(most, one.end), -Infinity);
      const scale = (time) => 8 + ((Math.min(Math.max(time, low), high) - low) / (high - low || 1)) * (this.width - 16);
      const layers = [...new Set(rows.map((one) => one.layer))];
      const step = Math.max(18, Math.min(41, (this.height - 30) / layers.length));
      const reached = new Map();
      this.height = Math.max(this.height, step * layers.length + 30);
      this.svg.setAttribute("height", this.height);
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      for (const one of rows) {
        const [left, right] = [scale(one.start), scale(one.end)];
        // What ends within a pixel that is already drawn cannot be seen.
        if (right < (reached.get(one.layer) ?? -1) + 0.5) continue;
        reached.set(one.layer, right);
        const place = { x: left, y: layers.indexOf(one.layer) * step + 2, height: step - 4 };
        const mark = charts.element("rect", { ...place, width: Math.max(right - left, 0.7), fill: colorOf(one.name) });
        this.svg.append(this.interact(mark, one.row, null, one.tooltip));
        if (right - left < 30) continue;
        const text = { x: left + 4, y: place.y + step / 2 + 2, fill: "#fff", "pointer-events": "none" };
        this.svg.append(charts.label(one.name, right - left - 6, text));
      }
      this.paintTimes(low, high, scale, step * layers.length + 20);
    }

    /** Milliseconds since the first span. */
    paintTimes(low, high, scale, y) {
      for (const tick of charts.ticks(0, high - low, 10)) {
        if (tick > high - low) continue;
        const place = { x: scale(low + tick), y, "text-anchor": tick ? "middle" : "start" };
        this.svg.append(charts.label(`${charts.number(tick)} ms`, 100, place));
      }
    }
  };
})();
