// Runs before the page is drawn, so that nothing flashes. Auto follows the system.
(() => {
  "use strict";
  const names = { auto: "Auto", light: "Light", dark: "Dark" };
  const read = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = theme => { try { localStorage.setItem("theme", theme); } catch { /* a browser that keeps nothing */ } };
  let theme = read() in names ? read() : "auto";

  function show() {
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (!button) return;
    button.textContent = names[theme];
    button.className = `quiet theme-${theme}`;
    button.setAttribute("aria-label", `Theme: ${names[theme]}. Change it.`);
  }

  show();
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("theme")?.addEventListener("click", () => {
      const all = Object.keys(names);
      theme = all[(all.indexOf(theme) + 1) % all.length];
      keep(theme);
      show();
    });
  });
})();
