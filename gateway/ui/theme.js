// Light or dark: as the system has it, or as the reader chose.

import { element } from "./render.js";

const KEY = "holdfast-theme";
const THEMES = /** @type {const} */ (["automatic", "light", "dark"]);

apply(chosen());

/** A control to choose the theme. */
export function themeSwitch() {
  const options = THEMES.map((theme) => element("option", { value: theme, selected: theme === chosen() }, theme[0].toUpperCase() + theme.slice(1)));
  const select = element("select", { class: "field quiet-field", "aria-label": "Theme" }, ...options);
  select.addEventListener("change", () => {
    keep(select.value);
    apply(select.value);
  });
  return select;
}

/** @param {string} theme */
function apply(theme) {
  if (theme === "automatic") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
}

/** Where storage is forbidden, the theme is that of the system. @returns {string} */
function chosen() {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === kept) ?? "automatic";
  } catch {
    return "automatic";
  }
}

/** @param {string} theme */
function keep(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It counts until the page is left.
  }
}
