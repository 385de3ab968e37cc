// Sorting and filtering of the tables that the page was sent with.
"use strict";
part("main", () => {
  class Table {
    constructor(table) {
      this.body = table.tBodies[0];
      this.column = 0;
      this.order = "none";
      this.whenSorted = () => {};
      this.headers = [...table.tHead.rows[0].cells];
      this.rows = [...this.body.rows].map((element) => ({
        element,
        subject: query.subject(element),
        cells: [...element.cells].map((cell) => cell.dataset.value ?? cell.textContent),
      }));
      // Laid out as cards, tables and rows would else no longer be called so.
      table.setAttribute("role", "table");
      for (const group of [table.tHead, this.body]) group.setAttribute("role", "rowgroup");
      for (const row of table.rows) {
        row.setAttribute("role", "row");
        for (const cell of row.cells) {
          cell.setAttribute("role", cell.scope === "row" ? "rowheader" : cell.scope ? "columnheader" : "cell");
        }
      }
      this.headers.forEach((header, column) => {
        header.setAttribute("aria-sort", "none");
        const button = element("button", { type: "button" }, ...header.childNodes);
        button.addEventListener("click", () => this.turn(column));
        header.append(button);
      });
    }

    /** The orders of a column: first the likely one, then the other, then the page's own. */
    orders(column) {
      const numeric = this.headers[column].classList.contains("number");
      return numeric ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
    }

    turn(column) {
      const orders = this.orders(column);
      const now = this.headers[column].getAttribute("aria-sort");
      this.sort(column, orders[(orders.indexOf(now) + 1) % 3]);
    }

    sort(column, order) {
      Object.assign(this, { column, order });
      this.headers.forEach((header, at) => header.setAttribute("aria-sort", at === column ? order : "none"));
      const sorted = [...this.rows];
      if (order !== "none") {
        const numeric = this.headers[column].classList.contains("number");
        const sign = order === "ascending" ? 1 : -1;
        const words = new Intl.Collator("en", { numeric: true });
        sorted.sort((one, other) => {
          const [a, b] = [one.cells[column], other.cells[column]];
          // What has no value stands last either way.
          if (a === "" || b === "") return (a === "") - (b === "");
          return sign * (numeric ? Number(a) - Number(b) : words.compare(a, b));
        });
      }
      this.body.append(...sorted.map((row) => row.element));
      this.whenSorted();
    }

    /** Shows what passes a test; returns how many rows that are. */
    keep(passes) {
      let kept = 0;
      for (const row of this.rows) {
        row.element.hidden = !passes(row);
        kept += !row.element.hidden;
      }
      return kept;
    }
  }

  /** Filter, order and count above a table. */
  class Tools {
    constructor(tools, table) {
      this.table = table;
      this.input = tools.querySelector("input");
      this.output = tools.querySelector("output");
      this.select = tools.querySelector("select");
      this.direction = tools.querySelector(".direction");
      this.only = null;
      this.chip = element("button", { type: "button", class: "chip", hidden: "" });
      this.chip.addEventListener("click", () => this.restrict(null));
      this.input.closest("label").after(this.chip);
      this.input.addEventListener("input", () => this.refresh());
      this.select.append(element("option", { value: "" }, "the report's order"));
      table.headers.forEach((header, column) => {
        this.select.append(element("option", { value: column }, header.textContent));
      });
      this.select.addEventListener("change", () => {
        const column = Number(this.select.value);
        table.sort(column, this.select.value === "" ? "none" : table.orders(column)[0]);
      });
      this.direction.addEventListener("click", () => {
        table.sort(table.column, table.order === "ascending" ? "descending" : "ascending");
      });
      table.whenSorted = () => this.showOrder();
      this.showOrder();
      this.refresh();
    }

    /** Headers sort too, so select and button follow the table. */
    showOrder() {
      const { column, order } = this.table;
      this.select.value = order === "none" ? "" : column;
      this.direction.hidden = order === "none";
      this.direction.textContent = { ascending: "↑ ascending", descending: "↓ descending", none: "" }[order];
    }

    /** Shows only some rows, by id; null: all. */
    restrict(only, words = "") {
      this.only = only;
      this.chip.hidden = !only;
      this.chip.textContent = only ? `Only ${words}  ×` : "";
      if (only) this.input.value = "";
      this.refresh();
    }

    refresh() {
      const { tests, error } = query.parse(this.input.value, this.table.rows[0]?.subject);
      const kept = this.table.keep((row) => (!this.only || this.only.has(row.element.id)) && tests.every((holds) => holds(row.subject)));
      const all = this.table.rows.length;
      const count = kept === all ? `${all} rows` : `${kept} of ${all} rows`;
      this.output.textContent = error ? `${count}; ${error}` : count;
    }
  }

  for (const table of document.querySelectorAll("table.data")) {
    const made = new Table(table);
    const tools = document.querySelector(`[data-tools="${table.id}"]`);
    if (!tools || !table.id) continue;
    const controls = new Tools(tools, made);
    if (table.id !== "rows-table") continue;
    /** Goes to a row, also for those who use no mouse: the next key starts from there. */
    const goTo = (row, scroll = row) => {
      if (row.hidden) {
        controls.input.value = "";
        controls.restrict(null);
      }
      row.setAttribute("tabindex", "-1");
      row.focus({ preventScroll: true });
      scroll.scrollIntoView();
    };
    const ofAddress = (hash) => /^#row-\d+$/.test(hash) && byId(hash.slice(1));
    window.addEventListener("hashchange", () => ofAddress(location.hash) && goTo(ofAddress(location.hash)));
    document.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#row-"]');
      if (!link) return;
      if (!link.matches(".rows")) {
        // The address may be this row's already.
        goTo(ofAddress(link.hash));
        return;
      }
      event.preventDefault();
      const ids = link.dataset.rows.split(" ").map((index) => `row-${index}`);
      controls.restrict(new Set(ids), link.closest("table, li").tagName === "LI" ? "the rows of a sentence" : link.textContent);
      goTo(byId(ids[0]), byId("rows"));
    });
  }
});
