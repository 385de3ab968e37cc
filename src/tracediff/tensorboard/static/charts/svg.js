"use strict";
// What every chart is made of: SVG elements, colours, the tooltip, selection and listeners.

(function () {
  const charts = window.tracediffCharts;
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const COLORS = [
    "#3366cc", "#dc3912", "#ff9900", "#109618", "#990099", "#0099c6", "#dd4477", "#66aa00", "#b82e2e", "#316395",
    "#994499", "#22aa99", "#aaaa11", "#6633cc", "#e67300", "#8b0707", "#651067", "#329262", "#5574a6", "#3b3eac",
  ];

  charts.FONT = "font: 12px Roboto, Arial, sans-serif";
  charts.color = (index, given) => (given && given.length ? given[index % given.length] : COLORS[index % COLORS.length]);

  charts.element = function (name, attributes, text) {
    const element = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };

  /** Text cut to a width, at about 6.5 pixels a character; whole in its title. */
  charts.label = function (text, width, attributes) {
    const room = Math.floor(width / 6.5);
    const shown = text.length <= room ? text : room > 2 ? text.slice(0, room - 1) + "…" : "";
    const element = charts.element("text", { "font-size": 12, fill: "#444", ...attributes }, shown);
    if (shown !== text) element.append(charts.element("title", {}, text));
    return element;
  };

  /** "15%" of a size, or a number of pixels. */
  charts.length = function (given, size, otherwise) {
    if (typeof given === "string" && given.endsWith("%")) return (parseFloat(given) / 100) * size;
    return typeof given === "number" ? given : otherwise;
  };

  let bubble = null;

  charts.showTooltip = function (content, html, event) {
    if (!bubble) {
      bubble = document.createElement("div");
      bubble.className = "tracediff-tooltip";
      bubble.style.cssText =
        `${charts.FONT}; position: fixed; z-index: 9999; padding: 6px 10px; background: #fff; max-width: 90%;` +
        "border: 1px solid #ccc; box-shadow: 1px 1px 4px rgba(0,0,0,.3); pointer-events: none; white-space: pre-line";
    }
    // Sums of binary fractions carry digits far below the clock's nanosecond.
    const trimmed = content.replace(/(\d\.\d{3})\d+/g, "$1");
    if (html) bubble.innerHTML = trimmed;
    else bubble.textContent = trimmed;
    document.body.append(bubble);
    const left = Math.min(event.clientX + 14, window.innerWidth - bubble.offsetWidth - 4);
    const top = Math.min(event.clientY + 14, window.innerHeight - bubble.offsetHeight - 4);
    bubble.style.left = `${Math.max(left, 0)}px`;
    bubble.style.top = `${Math.max(top, 0)}px`;
  };

  charts.hideTooltip = function () {
    if (bubble) bubble.remove();
  };

  /** Draws into an element of the page; subclasses paint. */
  charts.Chart = class {
    constructor(container) {
      this.container = container;
      this.listeners = {};
      this.selection = [];
    }

    draw(data, options) {
      this.data = data;
      this.options = options || {};
      this.redraw();
      this.fire("ready", {});
    }

    redraw() {
      this.container.textContent = "";
      this.width = this.container.clientWidth || 600;
      this.height = charts.length(this.options.height, this.container.clientHeight, 0) || 400;
      this.svg = charts.element("svg", {
        width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}`, role: "img",
        style: `${charts.FONT}; display: block; max-width: 100%`,
      });
      this.container.append(this.svg);
      if (this.options.title) {
        const place = { x: this.width * 0.02, y: 16, "font-weight": "bold" };
        this.svg.append(charts.label(this.options.title, this.width, place));
      }
      if (this.data.rows.length) this.paint();
      else this.svg.append(charts.label("No data", 100, { x: this.width / 2 - 25, y: this.height / 2 }));
    }

    clearChart() {
      charts.hideTooltip();
      this.container.textContent = "";
    }

    getSelection() {
      return this.selection;
    }

    setSelection(selection) {
      this.selection = selection || [];
      if (this.svg) this.showSelection();
    }

    showSelection() {}

    fire(name, event) {
      for (const listener of this.listeners[name] || []) listener(event);
    }

    /** Lets a mark tell what it stands for, and be chosen. */
    interact(mark, row, series, otherwise) {
      const tooltip = series && series.tooltip >= 0 ? this.data.text(row, series.tooltip) : "";
      const column = series ? series.column : null;
      mark.addEventListener("mousemove", (event) => charts.showTooltip(tooltip || otherwise, Boolean(tooltip), event));
      mark.addEventListener("mouseenter", () => this.fire("onmouseover", { row, column }));
      mark.addEventListener("mouseleave", () => {
        charts.hideTooltip();
        this.fire("onmouseout", { row, column });
      });
      mark.addEventListener("click", () => {
        charts.hideTooltip();
        this.selection = [{ row, column }];
        this.fire("select", {});
      });
      return mark;
    }

    /** Names of the series with their colours, in one line at the bottom. */
    paintLegend(entries) {
      let left = this.width * 0.1;
      for (const { label, color } of entries) {
        this.svg.append(charts.element("rect", { x: left, y: this.height - 16, width: 12, height: 12, fill: color }));
        this.svg.append(charts.label(label, this.width, { x: left + 16, y: this.height - 6 }));
        left += 36 + label.length * 6.5;
      }
    }
  };
})();
