"use strict";
// Charts with a band for each row: stacked columns, steps, and bars together with lines.

(function () {
  const charts = window.tracediffCharts;

  /** Series of kind "bars", "steps" or "line", each on the left (0) or right (1) axis. */
  class BandChart extends charts.Chart {
    kindOf() {
      return "bars";
    }

    axisOf() {
      return 0;
    }

    paint() {
      const { data, options } = this;
      const series = data.series().map((one, index) => ({
        ...one, kind: this.kindOf(index), axis: this.axisOf(index), color: charts.color(index, options.colors),
      }));
      const rows = data.rows.map((_, row) => row);
      const spans = this.spans(series, rows);
      const sides = [0, 1].filter((side) => series.some((one) => one.axis === side));
      const area = new charts.Area(this, sides.includes(1));
      const scales = sides.map((side) => {
        const ends = series.flatMap((one, index) => (one.axis === side ? spans[index].flat() : []));
        const title = side === 0 && options.vAxis ? options.vAxis.title : undefined;
        return area.verticalAxis(Math.min(0, ...ends), Math.max(0, ...ends), side, title);
      });
      const bands = area.bands(rows.map((row) => data.text(row, 0)), options.hAxis && options.hAxis.title);
      const barSeries = series.filter((one) => one.kind === "bars");
      series.forEach((one, index) => {
        const scale = scales[sides.indexOf(one.axis)];
        const place = options.isStacked ? [0, 1] : [barSeries.indexOf(one), barSeries.length];
        if (one.kind === "line") this.paintLine(one, rows, bands, scale);
        else for (const row of rows) this.paintBar(one, row, bands(row), spans[index][row], scale, place);
      });
      this.paintLegend(series);
    }

    /** For each series the lower and upper end in each row; on top of each other if stacked. */
    spans(series, rows) {
      const heights = rows.map(() => [0, 0]);
      return series.map((one) =>
        rows.map((row) => {
          const value = Number(this.data.value(row, one.column)) || 0;
          if (!this.options.isStacked) return [0, value];
          const sign = value < 0 ? 1 : 0;
          const from = heights[row][sign];
          heights[row][sign] += value;
          return [from, heights[row][sign]];
        })
      );
    }

    describe(row, one) {
      return `${this.data.text(row, 0)}\n${one.label}: ${this.data.text(row, one.column)}`;
    }

    paintBar(one, row, [left, width], [from, to], scale, [place, places]) {
      const steps = one.kind === "steps";
      const bar = steps ? width : Math.max(1, Math.min(120, (width * 0.7) / places));
      const x = steps ? left : left + (width - bar * places) / 2 + bar * place;
      const [y1, y2] = [scale(Math.max(from, to)), scale(Math.min(from, to))];
      const shape = { x, y: y1, width: bar, height: Math.max(y2 - y1, 0.5), fill: one.color };
      // Steps that are not stacked lie over each other.
      const opacity = steps && !this.options.isStacked ? 0.4 : steps ? this.options.areaOpacity || 0.9 : 1;
      const mark = charts.element("rect", { ...shape, "fill-opacity": opacity, "data-series": one.label });
      if (steps) mark.setAttribute("stroke", one.color);
      this.svg.append(this.interact(mark, row, one, this.describe(row, one)));
    }

    paintLine(one, rows, bands, scale) {
      const points = rows.map((row) => {
        const [left, width] = bands(row);
        return [left + width / 2, scale(Number(this.data.value(row, one.column)) || 0)];
      });
      const line = { points: points.map((point) => point.join(",")).join(" "), fill: "none", stroke: one.color };
      this.svg.append(charts.element("polyline", { ...line, "stroke-width": 2 }));
      points.forEach(([cx, cy], row) => {
        const mark = charts.element("circle", { cx, cy, r: 3.5, fill: one.color, "data-series": one.label });
        this.svg.append(this.interact(mark, row, one, this.describe(row, one)));
      });
    }
  }

  class SteppedAreaChart extends BandChart {
    kindOf() {
      return "steps";
    }
  }

  class ComboChart extends BandChart {
    kindOf(index) {
      const one = (this.options.series || {})[index] || {};
      return (one.type || this.options.seriesType) === "line" ? "line" : "bars";
    }

    axisOf(index) {
      return ((this.options.series || {})[index] || {}).targetAxisIndex || 0;
    }
  }

  Object.assign(window.google.visualization, { ColumnChart: BandChart, SteppedAreaChart, ComboChart });
})();
