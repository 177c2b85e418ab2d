// Light or dark: as the system has it, or as chosen.

import { byId, setText } from "./dom.js";

/** Binds the button that changes the colours. */
export function bindTheme() {
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  showTheme();
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
  setText(byId("theme"), isDark() ? "Light" : "Dark");
}
