"use strict";
// Lines over a numeric axis: drag to zoom, right click to see all again.

(function () {
  const charts = window.tracediffCharts;

  window.google.visualization.LineChart = class extends charts.Chart {
    draw(data, options) {
      this.zoom = null;
      super.draw(data, options);
    }

    paint() {
      const { data, options } = this;
      const series = data.series().map((one, index) => ({ ...one, color: charts.color(index, options.colors) }));
      const times = data.rows.map((_, row) => Number(data.value(row, 0)));
      // No spread of arrays here: a curve has ten thousand points.
      const least = (values) => values.reduce((one, other) => Math.min(one, other), Infinity);
      const most = (values) => values.reduce((one, other) => Math.max(one, other), -Infinity);
      const [low, high] = this.zoom || [least(times), most(times)];
      const inside = data.rows.map((_, row) => row).filter((row) => times[row] >= low && times[row] <= high);
      const shown = inside.length ? inside : data.rows.map((_, row) => row);
      const all = series.flatMap((one) => shown.map((row) => Number(data.value(row, one.column)) || 0));
      this.area = new charts.Area(this, false);
      const y = this.area.verticalAxis(Math.min(0, least(all)), most(all), 0, options.vAxis && options.vAxis.title);
      const x = this.area.horizontalAxis(low, high, options.hAxis && options.hAxis.title);
      this.range = [low, high];
      this.place = (row, column) => [x(times[row]), y(Number(data.value(row, column)) || 0)];
      for (const one of series) {
        const points = shown.map((row) => this.place(row, one.column).join(",")).join(" ");
        const line = { points, fill: "none", stroke: one.color, "stroke-width": 2, "data-series": one.label };
        this.svg.append(charts.element("polyline", line));
      }
      this.paintLegend(series);
      this.watch(series, shown, times, x);
      this.showSelection();
    }

    /** Tooltips of the nearest row, and zoom. */
    watch(series, shown, times, x) {
      const { left, top, width, height } = this.area;
      const cover = charts.element("rect", { x: left, y: top, width, height, fill: "transparent" });
      const chosen = charts.element("rect", { y: top, height, width: 0, fill: "#3366cc", "fill-opacity": 0.15 });
      let from = null;
      const at = (event) => Math.min(Math.max(event.clientX - this.svg.getBoundingClientRect().left, left), left + width);
      cover.addEventListener("mousedown", (event) => {
        from = at(event);
        event.preventDefault();
      });
      cover.addEventListener("mousemove", (event) => {
        const here = at(event);
        if (from !== null && this.options.explorer) {
          chosen.setAttribute("x", Math.min(from, here));
          chosen.setAttribute("width", Math.abs(from - here));
          return;
        }
        const row = shown.reduce((best, one) => (Math.abs(x(times[one]) - here) < Math.abs(x(times[best]) - here) ? one : best));
        const lines = series.map((one) =>
          one.tooltip >= 0 ? this.data.text(row, one.tooltip) : `${one.label}: ${this.data.text(row, one.column)}`
        );
        charts.showTooltip([charts.number(times[row]), ...lines].join("\n"), false, event);
      });
      cover.addEventListener("mouseup", (event) => {
        const here = at(event);
        const value = (place) => this.range[0] + ((place - left) / width) * (this.range[1] - this.range[0]);
        const ends = from === null ? [] : [Math.min(from, here), Math.max(from, here)];
        from = null;
        charts.hideTooltip();
        if (!this.options.explorer || ends.length === 0 || ends[1] - ends[0] < 4) return;
        this.zoom = ends.map(value);
        this.redraw();
      });
      cover.addEventListener("mouseleave", () => charts.hideTooltip());
      cover.addEventListener("contextmenu", (event) => {
        if (!this.zoom) return;
        event.preventDefault();
        this.zoom = null;
        this.redraw();
      });
      this.svg.append(chosen, cover);
    }

    showSelection() {
      this.svg.querySelectorAll(".selected").forEach((mark) => mark.remove());
      for (const { row, column } of this.selection) {
        if (row === null || row === undefined || !this.place) continue;
        const [cx, cy] = this.place(row, column || 1);
        const mark = { cx, cy, r: 5, fill: "none", stroke: "#222", "stroke-width": 2, class: "selected" };
        this.svg.append(charts.element("circle", mark));
      }
    }

    getChartLayoutInterface() {
      const { left, top, width, height } = this.area || { left: 0, top: 0, width: 1, height: 1 };
      const [low, high] = this.range || [0, 0];
      return {
        getChartAreaBoundingBox: () => ({ left, top, width, height }),
        getHAxisValue: (place) => low + ((place - left) / width) * (high - low),
      };
    }
  };
})();
