// What htmx leaves to us: focus, dialogs, toasts, quiet polling, local times, copying. Everything works without it.
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const isPoll = (element) => (element?.getAttribute?.("hx-trigger") || "").startsWith("every");
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const clockNow = () => new Date().toLocaleTimeString("en-GB", clock);

  // Times are written in UTC by the server; here they are shown in the reader's own zone.
  const localTimes = () => all("time[data-local]").forEach((time) => {
    const at = new Date(time.dateTime), isToday = new Date().toDateString() === at.toDateString();
    time.title = at.toString();
    if (time.dataset.local === "seconds") time.textContent = at.toLocaleTimeString("en-GB", { ...clock, second: "2-digit" });
    else if (!time.hasAttribute("data-relative")) time.textContent = isToday
      ? "today " + at.toLocaleTimeString("en-GB", clock)
      : at.toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", ...clock });
    time.removeAttribute("data-local");
  });

  // The page may have changed meanwhile: what opened it may stand there anew, perhaps folded away.
  const backTo = (element) => {
    const found = element?.isConnected ? element : element?.id && document.getElementById(element.id);
    return found?.closest?.("details:not([open])")?.querySelector("summary") || found;
  };

  // A dialog in the page is shown modally; closed, it goes away and focus returns to what opened it.
  let opener = null;
  const showDialogs = () => all("dialog[data-modal]:not([open])").forEach((dialog) => {
    dialog.addEventListener("close", () => { dialog.remove(); (backTo(opener) || document.querySelector(".panel h2") || document.getElementById("main"))?.focus(); });
    dialog.showModal();
    dialog.querySelector("h2")?.focus();
  });

  // Good news only: gone after 6 s, not while under the pointer or focus.
  const fadeToasts = () => all(".toast:not([data-timed])").forEach((toast) => {
    toast.dataset.timed = "";
    const leave = () => toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove();
    setTimeout(leave, 6000);
  });

  // The first room: most likely it stands where its administrator sits.
  const ownZone = () => all("select[data-own-zone]").forEach((select) => {
    const own = [...select.options].find((option) => option.value === Intl.DateTimeFormat().resolvedOptions().timeZone);
    if (own) own.selected = true;
    select.removeAttribute("data-own-zone");
  });

  // Values to copy. Where the browser gives no clipboard (plain http), the text is selected and copied as of old.
  const showCopiers = () => all("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
  const copied = (text) => navigator.clipboard.writeText(text).then(() => true);
  const copiedBySelecting = (source) => { getSelection().selectAllChildren(source); return document.execCommand("copy"); };
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy), word = button.querySelector("[data-word]"), said = document.getElementById("copied");
    const done = await (navigator.clipboard ? copied(source.textContent).catch(() => copiedBySelecting(source)) : copiedBySelecting(source));
    word.textContent = done ? "Copied" : "Selected";
    if (said) said.textContent = word.textContent;
    setTimeout(() => { word.textContent = "Copy"; if (said) said.textContent = ""; }, 2000);
  };

  // What a person unfolded stays so when the page changes around it, and so does the focus in it.
  const unfolded = new Set();
  let focused = "";
  addEventListener("click", (event) => {
    const part = event.target.closest("summary")?.parentElement;
    if (part?.id) part.open ? unfolded.delete(part.id) : unfolded.add(part.id);
  });
  addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.id; });
  const unfoldAgain = () => {
    unfolded.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
    focused = "";
  };

  // A page that came whole is read from its top; only what a swap brings may ask for the focus.
  const forgetMarks = () => all("[data-focus]").forEach((element) => element.removeAttribute("data-focus"));
  addEventListener("DOMContentLoaded", forgetMarks);

  // Ticking many: the tick in the head ticks its whole page, and the bar says how many are ticked.
  const countTicks = () => {
    const boxes = [...all(".tick input[name]")], ticked = boxes.filter((box) => box.checked).length;
    all("[data-tick-all]").forEach((head) => { head.hidden = false; head.checked = ticked > 0 && ticked === boxes.length; head.indeterminate = ticked > 0 && !head.checked; });
    all("[data-ticked]").forEach((said) => { said.textContent = ticked === 1 ? "1 room ticked" : ticked ? `${ticked} rooms ticked` : "No room ticked"; });
  };
  addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) all(".tick input[name]").forEach((box) => { box.checked = event.target.checked; });
    if (event.target.closest(".tick")) countTicks();
  });

  const settle = () => { localTimes(); countTicks(); ownZone(); showCopiers(); unfoldAgain(); showDialogs(); fadeToasts(); };
  addEventListener("DOMContentLoaded", settle);

  // After a swap focus goes to what the server marked, else back to the link that had opened a panel.
  let goBackTo = null;
  addEventListener("click", (event) => {
    goBackTo = event.target.closest("[data-return]")?.dataset.return || null;
    const copier = event.target.closest("[data-copy]");
    if (copier) copy(copier);
    const closer = event.target.closest("[data-close]"), dialog = closer?.closest("dialog[open]");
    if (dialog) { event.preventDefault(); dialog.close(); }
  });
  addEventListener("htmx:afterSettle", (event) => {
    settle();
    if (isPoll(event.detail.requestConfig?.elt) || document.querySelector("dialog[open]")) return;
    const marked = document.querySelector("#main [data-focus]") || (goBackTo && document.getElementById(goBackTo));
    marked?.focus();
    forgetMarks();
    goBackTo = null;
  });

  // While a form is under way its button says so; no poll from a hidden tab, after three failures only every 30 s.
  let failures = 0, lastPoll = 0;
  addEventListener("htmx:beforeRequest", (event) => {
    const element = event.detail.elt;
    if (isPoll(element)) {
      if (document.hidden || (failures >= 3 && Date.now() - lastPoll < 30000)) event.preventDefault();
      else lastPoll = Date.now();
      return;
    }
    if (element.tagName !== "FORM") return;
    opener = document.activeElement;
    const button = [...element.elements].find((one) => one.dataset.busy);
    if (!button) return;
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-busy", "true");
  });
  addEventListener("htmx:afterRequest", (event) => {
    all("[aria-busy][data-idle]").forEach((button) => { button.textContent = button.dataset.idle; button.removeAttribute("aria-busy"); });
    const answered = event.detail.xhr?.status > 0, banner = document.getElementById("no-answer");
    failures = answered ? 0 : failures + 1;
    if (!banner) return;
    if (!answered && banner.hidden) banner.querySelector("[data-since]").textContent = clockNow();
    banner.hidden = answered;
  });

  // Arrow keys in the timetable: up and down in a column, left and right to what stands beside it.
  const arrows = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const topOf = (element) => element.getBoundingClientRect().top;
  const placesOf = (column) => [...column.querySelectorAll("ol a")].sort((one, other) => topOf(one) - topOf(other));
  const nearest = (places, top) => places.reduce((best, one) => !best || Math.abs(topOf(one) - top) < Math.abs(topOf(best) - top) ? one : best, null);
  addEventListener("keydown", (event) => {
    const link = event.target.closest("[data-arrows] ol a"), way = arrows[event.key];
    if (!link || !way || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const columns = [...link.closest("[data-arrows]").querySelectorAll(".tt-col")], at = columns.indexOf(link.closest(".tt-col"));
    const mine = placesOf(columns[at]), beside = columns.slice(way[0] < 0 ? 0 : at + 1, way[0] < 0 ? at : undefined).map(placesOf).filter((places) => places.length);
    const next = way[1] ? mine[mine.indexOf(link) + way[1]] : nearest((way[0] < 0 ? beside.at(-1) : beside[0]) || [], topOf(link));
    event.preventDefault();
    next?.focus();
  });

  addEventListener("keydown", (event) => {
    const find = document.getElementById("find");
    if (event.key !== "/" || !find || event.target.closest("input, textarea, select, dialog")) return;
    event.preventDefault();
    find.focus();
  });
})();
