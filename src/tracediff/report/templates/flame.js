// The flame graph: an icicle of the call tree, drawn in percent so that it fits any width, also on paper.
"use strict";
if (page) {
  part("flame-graph", () => {
    const HEIGHT = 22;
    const LEAST_PIXELS = 1;
    const svg = byId("flame");
    const status = byId("flame-status");
    const tools = byId("flame-tools");
    const find = byId("flame-find");
    const chosen = (name) => tools.querySelector(`input[name="${name}"]:checked`).value;
    const ROOT = -1;
    let calls = trees.folded;
    let zoomed = ROOT;
    let current = ROOT;
    let drawn = new Map();

    const root = { name: "iteration", ...page.total };
    const width = (node) => {
      const side = chosen("flame-width");
      return node === ROOT ? root[side] : calls[`${side}_ns`][node];
    };

    /** How far the candidate is from the base: four steps a side up to twice, or half, the time. */
    function shade(node) {
      const [base, candidate] = node === ROOT ? [root.base, root.candidate] : [calls.base_ns[node], calls.candidate_ns[node]];
      if (base === candidate) return "l0";
      if (!base || !candidate) return base ? "l4" : "m4";
      const doublings = Math.log2(candidate / base);
      const step = Math.min(4, Math.round(4 * Math.abs(doublings)));
      return step === 0 ? "l0" : `${doublings > 0 ? "m" : "l"}${step}`;
    }

    const delta = (node) => (node === ROOT ? root.delta : calls.delta[node]);
    const name = (node) => (node === ROOT ? root.name : calls.name(node));
    const depth = (node) => (node === ROOT ? 0 : calls.depth[node] + 1);

    function sentence(node) {
      const texts = page.texts;
      const times = node === ROOT
        ? [texts.durations[root.base], texts.durations[root.candidate]]
        : [calls.base(node), calls.candidate(node)];
      const more = node === ROOT ? [] : [calls.mark(node), calls.detail(node, "calls") && `${calls.detail(node, "calls")} calls`, calls.detail(node, "shape")];
      return [name(node), `base ${times[0]}, candidate ${times[1]}, ${texts.differences[delta(node)]}`, ...more.filter(Boolean)].join("  ·  ");
    }

    /** Where each frame goes: callers of the zoomed call over the whole width, what is below it by its time. */
    function layout() {
      const places = new Map();
      for (let node = zoomed; node !== ROOT; ) {
        node = calls.parents[node];
        places.set(node, { x: 0, width: 100, above: true });
      }
      places.set(zoomed, { x: 0, width: 100 });
      const least = (100 * LEAST_PIXELS) / Math.max(1, svg.clientWidth);
      // Not by recursion: calls nest deeper than a browser's stack does.
      const open = [zoomed];
      while (open.length) {
        const node = open.pop();
        const { x, width: room } = places.get(node);
        const below = calls.below(node);
        const sum = below.reduce((total, child) => total + width(child), 0);
        const whole = Math.max(width(node), sum);
        if (!whole) continue;
        let at = x;
        for (const child of below) {
          const share = (room * width(child)) / whole;
          if (share >= least) {
            places.set(child, { x: at, width: share });
            open.push(child);
          }
          at += share;
        }
      }
      return places;
    }

    function matches(words, node) {
      return words.every((word) => name(node).toLowerCase().includes(word));
    }

    function frame(node, { x, width: share, above }, dim) {
      const mark = { more: "+ ", less: "− ", none: "" }[sign(delta(node))];
      const one = node !== ROOT && calls.side[node] !== 0;
      const classes = ["frame", above && "above", one && "one", dim && "dim", node === current && "current"].filter(Boolean);
      const made = element("svg:svg", {
        class: classes.join(" "),
        x: `${x.toFixed(3)}%`,
        y: depth(node) * HEIGHT,
        width: `${share.toFixed(3)}%`,
        height: HEIGHT,
        "data-node": node,
      });
      made.append(element("svg:title", {}, sentence(node)), element("svg:rect", { class: shade(node), width: "100%", height: HEIGHT }));
      if ((share * svg.clientWidth) / 100 > 24) {
        const text = `${mark}${name(node)}  ${page.texts.differences[delta(node)]}`;
        made.append(element("svg:text", { x: 5, y: 15 }, text));
      }
      return made;
    }

    function draw() {
      drawn = layout();
      if (!drawn.has(current)) current = zoomed;
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      let deepest = 0;
      let found = 0;
      const frames = [...drawn].map(([node, place]) => {
        deepest = Math.max(deepest, depth(node));
        const hit = node !== ROOT && matches(words, node);
        found += hit;
        return frame(node, place, words.length > 0 && !hit);
      });
      svg.setAttribute("height", (deepest + 1) * HEIGHT);
      svg.replaceChildren(...frames);
      byId("flame-found").textContent = words.length ? `${found} found` : "";
      byId("flame-reset").disabled = zoomed === ROOT;
    }

    function say() {
      status.textContent = sentence(current);
      svg.querySelector(".current")?.classList.remove("current");
      svg.querySelector(`[data-node="${current}"]`)?.classList.add("current");
    }

    function zoom(node) {
      zoomed = node;
      current = node;
      draw();
      show();
    }

    function step(node) {
      if (node === undefined || !drawn.has(node)) return;
      current = node;
      show();
    }

    /** Says what the current frame is; a deep graph scrolls to it. */
    function show() {
      const graph = svg.parentElement;
      const y = depth(current) * HEIGHT;
      say();
      graph.scrollTop = Math.min(y, Math.max(graph.scrollTop, y + HEIGHT - graph.clientHeight));
    }

    /** The next frame to a side on the same level, whoever called it. */
    function beside(direction) {
      const level = [...drawn].filter(([node]) => depth(node) === depth(current)).sort(([, one], [, other]) => one.x - other.x);
      const at = level.findIndex(([node]) => node === current) + direction;
      return level[at]?.[0];
    }

    const parent = (node) => (node === ROOT ? undefined : calls.parents[node]);

    svg.addEventListener("click", (event) => {
      const hit = event.target.closest(".frame");
      if (hit) zoom(Number(hit.dataset.node));
    });
    svg.addEventListener("pointerover", (event) => {
      const hit = event.target.closest(".frame");
      if (hit) status.textContent = sentence(Number(hit.dataset.node));
    });
    svg.addEventListener("pointerleave", say);
    svg.addEventListener("keydown", (event) => {
      const keys = {
        ArrowDown: () => step(calls.below(current).find((child) => drawn.has(child))),
        ArrowUp: () => step(parent(current)),
        ArrowLeft: () => step(beside(-1)),
        ArrowRight: () => step(beside(1)),
        Enter: () => zoom(current),
        " ": () => zoom(current),
        Escape: () => zoomed !== ROOT && zoom(parent(zoomed)),
        Home: () => zoom(ROOT),
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    byId("flame-reset").addEventListener("click", () => zoom(ROOT));
    find.addEventListener("input", draw);
    tools.addEventListener("change", (event) => {
      if (event.target === find) return;
      const other = trees[chosen("flame-source")];
      if (other !== calls) {
        calls = other;
        zoomed = current = ROOT;
      }
      draw();
      say();
    });
    new ResizeObserver(draw).observe(svg.parentElement);
    draw();
  });
}
