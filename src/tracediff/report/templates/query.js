// The filter's language, which is that of the screen (tui/query.py): what was typed, as a test of a row.
"use strict";
const query = (() => {
  const TOKEN =
    /(?<negated>!?)(?:\/(?<regex>(?:\\.|[^\\])*?)(?:\/(?=\s|$)|$)|(?:(?<field>family|kernel|module|op):)?(?:"(?<quoted>(?:\\.|[^"\\])*)(?:"|$)|(?<word>\S*)))(?:\s+|$)?/sy;
  const DIFFERENCE = /^(?<comparison>[<>]=?)(?<number>[+-]?\d{1,30}(?:\.\d{0,30})?)(?<unit>ns|us|µs|ms|s)$/;
  const NS = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9 };
  const COMPARISONS = {
    ">": (one, other) => one > other,
    "<": (one, other) => one < other,
    ">=": (one, other) => one >= other,
    "<=": (one, other) => one <= other,
  };
  const KEYWORDS = ["changed", "faster", "slower", "significant"];

  /** What a filter looks at in a row: texts a line each; what a table does not know of its rows is undefined. */
  function subject(row) {
    const own = row.dataset.filter ? JSON.parse(row.dataset.filter) : { words: [row.textContent.toLowerCase()] };
    const { words = [], family, op = [], kernel = [], module = [] } = own;
    const lines = (texts) => `\n${texts.join("\n")}\n`;
    return {
      ...own,
      words: lines([...(family === undefined ? [] : [`family:${family}`]), ...words, ...op, ...kernel]),
      modules: lines(module),
      op: own.op && lines(op),
      kernel: own.kernel && lines(kernel),
      module: own.module && lines(module),
    };
  }

  function difference({ comparison, number, unit }) {
    const holds = COMPARISONS[comparison];
    const limit = Number(number) * NS[unit];
    const measured = /^[+-]/.test(number) ? Number : Math.abs;
    return { about: "delta", test: (row) => holds(measured(row.delta), limit) };
  }

  function expression(pattern) {
    try {
      const regex = new RegExp(pattern, "im");
      return pattern && { test: (row) => regex.test(row.words) || regex.test(row.modules) };
    } catch {
      return undefined;
    }
  }

  /** What a token asks for: nothing while it is empty, undefined where it cannot be understood. */
  function meaning({ regex, field, quoted, word: bare }) {
    if (regex !== undefined) return expression(regex);
    if (!field && KEYWORDS.includes(bare)) return { about: bare, test: (row) => row[bare] };
    if (!field && /^[<>]/.test(bare ?? "")) {
      const found = DIFFERENCE.exec(bare);
      return found ? difference(found.groups) : undefined;
    }
    const word = (bare ?? quoted.replace(/\\(.)/gs, "$1")).toLowerCase();
    if (!word) return null;
    if (field === "family") return { about: field, test: (row) => row.family === word };
    if (field) return { about: field, test: (row) => row[field].includes(word) };
    return { test: (row) => row.words.includes(word) || row.modules.includes(word) };
  }

  /**
   * What was typed, as tests that must all hold; without any where some of it is not understood.
   * `known` is a row of the table: what it does not say cannot be asked for.
   */
  function parse(text, known) {
    const typed = text.trim();
    const tests = [];
    for (TOKEN.lastIndex = 0; TOKEN.lastIndex < typed.length; ) {
      const { 0: whole, groups } = TOKEN.exec(typed);
      const found = meaning(groups);
      if (found === undefined || (found?.about && known && known[found.about] === undefined)) {
        return { tests: [], error: `not understood: ${whole.trim()}` };
      }
      if (found) tests.push(groups.negated ? (row) => !found.test(row) : found.test);
    }
    return { tests, error: "" };
  }

  return { subject, parse };
})();
