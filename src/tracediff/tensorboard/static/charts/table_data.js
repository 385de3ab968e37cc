"use strict";
// Stand-in for the chart loader that the profiler plugin's pages take from the web: the part of its interface that
// those pages call, drawn as plain SVG. These files are served as one script, in the order that offline.py gives.

(function () {
  const charts = (window.tracediffCharts = {});

  const valueOf = (cell) => (cell !== null && typeof cell === "object" && "v" in cell ? cell.v : cell);

  charts.number = (value) => Number(value).toLocaleString("en-US", { maximumFractionDigits: 3 });

  /** Rows of cells; a column may be the tooltip of the one before it. */
  class DataTable {
    constructor() {
      this.columns = [];
      this.rows = [];
      this.properties = new Map();
    }

    addColumn(column, label) {
      this.columns.push(typeof column === "string" ? { type: column, label } : column);
    }

    addRow(row) {
      this.rows.push(row);
    }

    addRows(rows) {
      for (const row of rows) this.rows.push(row);
    }

    setProperty(row, column, name, value) {
      this.properties.set(`${row},${column},${name}`, value);
    }

    getProperty(row, column, name) {
      return this.properties.get(`${row},${column},${name}`);
    }

    value(row, column) {
      return valueOf(this.rows[row][column]);
    }

    text(row, column) {
      const cell = this.rows[row][column];
      if (cell !== null && typeof cell === "object" && "f" in cell) return String(cell.f);
      const value = valueOf(cell);
      if (value === null || value === undefined) return "";
      return typeof value === "number" ? charts.number(value) : String(value);
    }

    /** Columns that are drawn: all but the first and those with a role, each with the column of its tooltip. */
    series() {
      const found = [];
      this.columns.forEach((column, index) => {
        if (column.role === "tooltip" && found.length) found[found.length - 1].tooltip = index;
        else if (index > 0 && !column.role) found.push({ column: index, label: column.label || "", tooltip: -1 });
      });
      return found;
    }
  }

  function arrayToDataTable(array) {
    const table = new DataTable();
    const first = array[1] || [];
    array[0].forEach((header, index) => {
      const column = typeof header === "object" ? header : { label: String(header) };
      table.addColumn({ type: typeof valueOf(first[index]) === "number" ? "number" : "string", ...column });
    });
    table.addRows(array.slice(1));
    return table;
  }

  const events = {
    addListener(chart, name, listener) {
      (chart.listeners[name] = chart.listeners[name] || []).push(listener);
    },
  };

  window.google = {
    charts: { load: () => Promise.resolve(), setOnLoadCallback: (callback) => Promise.resolve().then(callback) },
    visualization: { DataTable, arrayToDataTable, events },
  };
})();
