"use strict";
// A table in pages, sorted by a click on a column's head.

(function () {
  const charts = window.tracediffCharts;

  window.google.visualization.Table = class extends charts.Chart {
    draw(data, options) {
      this.page = 0;
      this.sort = options && options.sortColumn >= 0 ? options.sortColumn : -1;
      this.ascending = !options || options.sortAscending !== false;
      super.draw(data, options);
    }

    redraw() {
      const { data, options } = this;
      const rows = this.sorted();
      const size = options.page === "enable" ? options.pageSize || 10 : rows.length || 1;
      const pages = Math.max(1, Math.ceil(rows.length / size));
      this.page = Math.min(this.page, pages - 1);
      const table = document.createElement("table");
      table.style.cssText = `${charts.FONT}; border-collapse: collapse; width: ${options.width || "auto"}; background: #fff`;
      table.append(this.head());
      const body = document.createElement("tbody");
      for (const row of rows.slice(this.page * size, (this.page + 1) * size)) body.append(this.line(row));
      table.append(body);
      this.container.textContent = "";
      this.container.style.overflow = "auto";
      if (options.height) this.container.style.height = options.height;
      this.container.append(table);
      if (pages > 1) this.container.append(this.turner(pages));
    }

    columns() {
      return this.data.columns.map((column, index) => ({ ...column, index })).filter((column) => !column.role);
    }

    sorted() {
      const { data, sort } = this;
      const rows = data.rows.map((_, row) => row);
      if (sort < 0) return rows;
      const sign = this.ascending ? 1 : -1;
      return rows.sort((one, other) => {
        const [a, b] = [data.value(one, sort), data.value(other, sort)];
        return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
      });
    }

    head() {
      const line = document.createElement("tr");
      for (const column of this.columns()) {
        const cell = document.createElement("th");
        const arrow = column.index === this.sort ? (this.ascending ? " ▲" : " ▼") : "";
        cell.textContent = (column.label || "") + arrow;
        cell.style.cssText = "padding: 4px 8px; border: 1px solid #e0e0e0; background: #f5f5f5; cursor: pointer";
        cell.addEventListener("click", () => {
          this.ascending = column.index === this.sort ? !this.ascending : column.type !== "number";
          this.sort = column.index;
          this.redraw();
        });
        line.append(cell);
      }
      const head = document.createElement("thead");
      head.append(line);
      return head;
    }

    line(row) {
      const line = document.createElement("tr");
      for (const column of this.columns()) {
        const cell = document.createElement("td");
        const align = column.type === "number" ? "right" : "left";
        const own = this.data.getProperty(row, column.index, "style") || "";
        cell.style.cssText = `padding: 4px 8px; border: 1px solid #e0e0e0; text-align: ${align}; ${own}`;
        const text = this.data.text(row, column.index);
        if (this.options.allowHtml) cell.innerHTML = text;
        else cell.textContent = text;
        line.append(cell);
      }
      line.addEventListener("click", () => {
        this.selection = [{ row }];
        this.fire("select", {});
      });
      return line;
    }

    turner(pages) {
      const bar = document.createElement("div");
      bar.style.cssText = `${charts.FONT}; padding: 4px`;
      const turn = (by, text) => {
        const button = document.createElement("button");
        button.textContent = text;
        button.disabled = this.page + by < 0 || this.page + by >= pages;
        button.addEventListener("click", () => {
          this.page += by;
          this.redraw();
        });
        return button;
      };
      bar.append(turn(-1, "◀"), ` ${this.page + 1} / ${pages} `, turn(1, "▶"));
      return bar;
    }
  };
})();
