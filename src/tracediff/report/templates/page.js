// What belongs to the whole page: that there is JavaScript, the theme, and the way from a sentence to its rows.
"use strict";
document.documentElement.classList.add("js");

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; texts become text, never mark-up. */
function element(name, attributes = {}, ...children) {
  const made = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A part of the page; one that fails says so in its section and leaves the others alone. */
function part(section, make) {
  try {
    make();
  } catch (error) {
    console.error(error);
    byId(section).append(element("p", { class: "failed", role: "alert" }, `This part does not work in this browser: ${error}`));
  }
}

part("main", () => {
  const themes = ["system", "light", "dark"];
  const button = byId("theme");
  // Storage is forbidden to a page in a sandbox, as in a notebook: then the choice lasts as long as the page.
  const stored = (value) => {
    try {
      if (value !== undefined) localStorage.setItem("tracediff-theme", value);
      return localStorage.getItem("tracediff-theme");
    } catch {
      return null;
    }
  };
  const show = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
  };
  let theme = themes.includes(stored()) ? stored() : "system";
  show(theme);
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    stored(theme);
    show(theme);
  });
});
