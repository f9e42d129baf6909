// Theme choice, kept in this browser. Loaded in <head>, before the first paint, so that no flash is seen.
(() => {
  const root = document.documentElement, order = ["system", "light", "dark"];
  const set = (theme) => { if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme; };
  let now = "system";
  try { now = localStorage.getItem("theme") || "system"; } catch {}
  if (order.includes(now)) set(now);
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    now = button.dataset.themeChoice;
    try { localStorage.setItem("theme", now); } catch {}
    set(now);
    button.closest("[popover]")?.hidePopover();
  });
})();
