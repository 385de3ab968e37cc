"use strict";
// Shares of a whole, as a ring, with a list of all names beside it.

(function () {
  const charts = window.tracediffCharts;

  window.google.visualization.PieChart = class extends charts.Chart {
    paint() {
      const { data, options } = this;
      const values = data.rows.map((_, row) => Math.max(0, Number(data.value(row, 1)) || 0));
      const total = values.reduce((sum, value) => sum + value, 0);
      const hasLegend = options.legend !== "none";
      const room = hasLegend ? this.width * 0.45 : this.width;
      const top = options.title ? 28 : 8;
      this.center = [room / 2, top + (this.height - top - 8) / 2];
      this.radius = Math.max(10, Math.min(room / 2 - 8, (this.height - top - 8) / 2));
      this.slices = [];
      let angle = 0;
      values.forEach((value, row) => {
        const share = total ? value / total : 0;
        const color = charts.color(row, options.colors);
        this.paintSlice(row, angle, share, color);
        angle += share;
      });
      if (hasLegend) this.paintNames(room, top, values, total);
    }

    describe(row, share) {
      const percent = `${(share * 100).toFixed(1)}%`;
      const mode = (this.options.tooltip || {}).text || "both";
      const value = this.data.text(row, 1);
      const figures = mode === "percentage" ? percent : mode === "value" ? value : `${value} (${percent})`;
      return `${this.data.text(row, 0)}\n${figures}`;
    }

    paintSlice(row, from, share, color) {
      if (!share) return;
      const hole = this.radius * (this.options.pieHole || 0);
      const mark = charts.element("path", { d: this.ring(from, share, hole), fill: color, stroke: "#fff" });
      mark.setAttribute("fill-rule", "evenodd");
      mark.setAttribute("data-name", this.data.text(row, 0));
      mark.setAttribute("data-share", (share * 100).toFixed(1));
      const tooltip = this.data.columns.findIndex((column) => column.role === "tooltip");
      this.svg.append(this.interact(mark, row, { column: null, tooltip }, this.describe(row, share)));
      this.slices[row] = mark;
      if (share * Math.PI * (this.radius + hole) < 44) return; // no room for the figure
      const [x, y] = this.point(from + share / 2, (this.radius + hole) / 2);
      const text = { x, y: y + 4, "text-anchor": "middle", "font-size": 12, fill: "#fff", "pointer-events": "none" };
      this.svg.append(charts.element("text", text, `${(share * 100).toFixed(1)}%`));
    }

    point(turn, radius) {
      const angle = 2 * Math.PI * turn - Math.PI / 2;
      return [this.center[0] + radius * Math.cos(angle), this.center[1] + radius * Math.sin(angle)];
    }

    ring(from, share, hole) {
      const far = share > 0.5 ? 1 : 0;
      // An arc cannot end where it begins: a whole ring is two halves.
      if (share > 0.9999) return `${this.ring(from, 0.5, hole)} ${this.ring(from + 0.5, 0.5, hole)}`;
      const [a, b] = [this.point(from, this.radius), this.point(from + share, this.radius)];
      const [c, d] = [this.point(from + share, hole), this.point(from, hole)];
      const arc = (radius, sweep, end) => `A ${radius} ${radius} 0 ${far} ${sweep} ${end.join(" ")}`;
      return `M ${a.join(" ")} ${arc(this.radius, 1, b)} L ${c.join(" ")} ${arc(hole, 0, d)} Z`;
    }

    paintNames(left, top, values, total) {
      const list = document.createElement("div");
      list.style.cssText = `${charts.FONT}; position: absolute; overflow: auto; line-height: 18px; color: #222`;
      Object.assign(list.style, { left: `${left}px`, right: "0", top: `${top}px`, bottom: "4px" });
      values.forEach((value, row) => {
        const line = document.createElement("div");
        const dot = document.createElement("span");
        dot.style.cssText = "display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 6px";
        dot.style.background = charts.color(row, this.options.colors);
        line.style.whiteSpace = "nowrap";
        line.append(dot, this.data.text(row, 0));
        list.append(this.interact(line, row, null, this.describe(row, total ? value / total : 0)));
      });
      this.container.style.position = "relative";
      this.container.append(list);
    }

    showSelection() {
      const chosen = new Set(this.selection.map((one) => one.row));
      this.slices.forEach((mark, row) => mark.setAttribute("fill-opacity", chosen.has(row) ? 0.75 : 1));
    }
  };
})();
