// The merged call tree: lines that fold, keys that move. Numbers come as text with the page.
"use strict";
const page = byId("data") && JSON.parse(byId("data").textContent);

/** A call tree of the page: columns in preorder, with who called whom. */
class Calls {
  constructor(columns) {
    Object.assign(this, columns);
    const path = [];
    this.parents = [];
    this.children = this.depth.map(() => []);
    this.roots = [];
    this.depth.forEach((depth, node) => {
      path.length = depth;
      const parent = depth ? path[depth - 1] : -1;
      this.parents.push(parent);
      (parent < 0 ? this.roots : this.children[parent]).push(node);
      path.push(node);
    });
  }

  name(node) {
    return page.texts.labels[this.label[node]];
  }

  detail(node, column) {
    return this[column][node] >= 0 ? page.texts.labels[this[column][node]] : "";
  }

  below(node) {
    return node < 0 ? this.roots : this.children[node];
  }

  hasBase(node) {
    return this.side[node] !== 2;
  }

  hasCandidate(node) {
    return this.side[node] !== 1;
  }

  base(node) {
    return this.hasBase(node) ? page.texts.durations[this.base_ns[node]] : "-";
  }

  candidate(node) {
    return this.hasCandidate(node) ? page.texts.durations[this.candidate_ns[node]] : "-";
  }

  difference(node) {
    return page.texts.differences[this.delta[node]];
  }

  /** Who is where: nothing for a matched call. */
  mark(node) {
    return ["", "only base", "only candidate"][this.side[node]];
  }

  /** The calls below a call that its difference comes from: the largest below the largest, until a call's own is. */
  hotPath(node) {
    const path = [];
    for (;;) {
      const below = this.below(node);
      if (!below.length) return path;
      const largest = below.reduce((one, other) => (Math.abs(this.delta[other]) > Math.abs(this.delta[one]) ? other : one));
      if (node >= 0 && Math.abs(this.own[node]) > Math.abs(this.delta[largest])) return path;
      path.push(largest);
      node = largest;
    }
  }
}

const trees = page && { each: new Calls(page.each), folded: new Calls(page.folded) };
const sign = (ns) => (ns > 0 ? "more" : ns < 0 ? "less" : "none");

if (page) {
  part("call-tree", () => {
    const MOST_LINES = 3000;
    const body = byId("tree").tBodies[0];
    const tools = byId("tree-tools");
    const chosen = (name) => tools.querySelector(`input[name="${name}"]:checked`).value;
    let calls = trees.each;
    let open = new Set();
    let current = -1;

    function order(nodes) {
      if (chosen("tree-order") === "called") return nodes;
      return [...nodes].sort((one, other) => Math.abs(calls.delta[other]) - Math.abs(calls.delta[one]));
    }

    function line(node, place, among) {
      const folds = calls.children[node].length > 0 || node in calls.left_out;
      const name = element("td", { class: "name", role: "gridcell" });
      name.style.paddingLeft = `${12 + 14 * Math.min(calls.depth[node], 24)}px`;
      name.append(
        element("span", { class: "fold", "aria-hidden": "true" }, folds ? (open.has(node) ? "▾" : "▸") : ""),
        element("span", { class: "label" }, calls.name(node)),
      );
      const mark = [calls.mark(node), calls.calls.length ? `×${calls.detail(node, "calls")}` : ""];
      for (const text of mark.filter(Boolean)) name.append(" ", element("span", { class: "tag" }, text));
      const shape = calls.detail(node, "shape");
      if (shape) name.append(element("span", { class: "shape" }, shape));
      name.title = [calls.name(node), shape].filter(Boolean).join("\n");
      if (calls.row[node] >= 0) {
        name.append(" ", element("a", { href: `#row-${calls.row[node]}`, class: "shape", tabindex: "-1" }, "row"));
      }
      const row = element("tr", {
        role: "row",
        tabindex: "-1",
        "data-node": node,
        "aria-level": calls.depth[node] + 1,
        "aria-posinset": place + 1,
        "aria-setsize": among,
      });
      if (folds) row.setAttribute("aria-expanded", open.has(node));
      if (calls.side[node]) row.classList.add("one");
      const cells = [
        [calls.base(node), ""],
        [calls.candidate(node), ""],
        [calls.difference(node), sign(calls.delta[node])],
        [page.texts.differences[calls.own[node]], sign(calls.own[node])],
      ];
      row.append(name, ...cells.map(([text, kind]) => element("td", { class: `number ${kind}`, role: "gridcell" }, text)));
      return row;
    }

    function rest(text, depth) {
      const cell = element("td", { colspan: 5, role: "gridcell" }, text);
      cell.style.paddingLeft = `${28 + 14 * Math.min(depth, 24)}px`;
      return element("tr", { class: "rest", role: "row" }, cell);
    }

    function draw() {
      const lines = [];
      const level = (node) => ({ node, below: order(calls.below(node)), next: 0 });
      // Not by recursion: calls nest deeper than a browser's stack does.
      const path = [level(-1)];
      while (path.length && lines.length < MOST_LINES) {
        const { node, below, next } = path.at(-1);
        if (next < below.length) {
          const child = below[path.at(-1).next++];
          lines.push(line(child, next, below.length));
          if (open.has(child)) path.push(level(child));
          continue;
        }
        path.pop();
        const left = calls.left_out[node];
        if (left) lines.push(rest(`${left} shorter ${left === 1 ? "call" : "calls"} not in this page`, node < 0 ? 0 : calls.depth[node] + 1));
      }
      if (path.length) lines.push(rest(`Only ${MOST_LINES} lines are shown; collapse some`, 0));
      body.replaceChildren(...lines);
      if (!calls.depth.length) return;
      if (current < 0 || !lineOf(current)) current = Number(body.rows[0].dataset.node);
      lineOf(current).tabIndex = 0;
    }

    const lineOf = (node) => body.querySelector(`tr[data-node="${node}"]`);

    function focus(node) {
      const from = lineOf(current);
      if (from) from.tabIndex = -1;
      current = node;
      const to = lineOf(node);
      to.tabIndex = 0;
      to.focus({ preventScroll: true });
      to.scrollIntoView({ block: "nearest" });
    }

    function change(edit, node = current) {
      edit();
      draw();
      if (node >= 0) focus(lineOf(node) ? node : current);
    }

    function toggle(node, wanted = !open.has(node)) {
      if (calls.children[node].length || node in calls.left_out) {
        change(() => (wanted ? open.add(node) : open.delete(node)), node);
      }
    }

    /** Opens the hot path below a call and goes to its end. */
    function hot(node) {
      const path = calls.hotPath(node);
      change(() => [node, ...path.slice(0, -1)].forEach((one) => one >= 0 && open.add(one)), path.at(-1) ?? node);
    }

    function reveal(node) {
      change(() => {
        for (let one = calls.parents[node]; one >= 0; one = calls.parents[one]) open.add(one);
      }, node);
    }

    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-node]");
      if (!row || event.target.closest("a")) return;
      current = Number(row.dataset.node);
      toggle(current);
      focus(current);
    });
    body.addEventListener("keydown", (event) => {
      const row = lineOf(current);
      /** To the next line that way which is a call: others only say what is not there. */
      const step = (to, way = "nextElementSibling") => {
        while (to && !to.dataset.node) to = to[way];
        if (to) focus(Number(to.dataset.node));
      };
      const keys = {
        ArrowDown: () => step(row.nextElementSibling),
        ArrowUp: () => step(row.previousElementSibling, "previousElementSibling"),
        ArrowRight: () => (!open.has(current) ? toggle(current, true) : calls.children[current].length && step(row.nextElementSibling)),
        ArrowLeft: () => (open.has(current) ? toggle(current, false) : calls.parents[current] >= 0 && focus(calls.parents[current])),
        Enter: () => toggle(current),
        " ": () => toggle(current),
        Home: () => step(body.rows[0]),
        End: () => step(body.rows[body.rows.length - 1], "previousElementSibling"),
        e: () => hot(current),
        o: () => row.querySelector("a")?.click(),
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    tools.addEventListener("click", (event) => {
      const what = event.target.closest("button")?.dataset.do;
      if (what === "hot") hot(-1);
      if (what === "all") change(() => calls.depth.forEach((_, node) => calls.children[node].length && open.add(node)), -1);
      if (what === "none") change(() => open.clear(), -1);
    });
    tools.addEventListener("change", () => {
      const other = trees[chosen("tree-source")];
      if (other !== calls) {
        calls = other;
        open = new Set();
        current = -1;
      }
      draw();
    });
    document.querySelectorAll("#rows-table tr[data-node]").forEach((row) => {
      const button = element("button", { type: "button", class: "to-tree" }, "call tree");
      button.addEventListener("click", () => {
        tools.querySelector('input[value="each"]').click();
        byId("call-tree").scrollIntoView();
        reveal(Number(row.dataset.node));
      });
      row.querySelector("th b").after(button);
    });
    calls.hotPath(-1).slice(0, -1).forEach((node) => open.add(node));
    draw();
  });
}
