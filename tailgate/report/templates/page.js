"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const live = document.getElementById("live");
  const chosen = { path: new Set(), implementation: new Set() };
  const hiddenParts = new Set();

  const make = (tag, text, parent) => {
    const element = document.createElement(tag);
    element.textContent = text;
    parent?.append(element);
    return element;
  };

  // Filters: nothing chosen shows everything; what has no tag is always shown.
  const isOut = (element) =>
    Object.entries(chosen).some(([kind, names]) => {
      const name = element.dataset[kind];
      return names.size > 0 && name !== undefined && !names.has(name);
    });

  function apply() {
    for (const element of document.querySelectorAll("main [data-path], main [data-implementation]")) {
      element.toggleAttribute("data-out", isOut(element));
    }
    for (const element of document.querySelectorAll("figure [data-part]")) {
      element.toggleAttribute("data-off", hiddenParts.has(element.dataset.part));
    }
    let shown = 0;
    for (const figure of document.querySelectorAll("figure.chart")) {
      const series = figure.querySelectorAll(".legend li").length;
      const left = figure.querySelectorAll(".legend li:not([data-out])").length;
      figure.hidden = series > 0 && left === 0;
      shown += left;
    }
    live.textContent = `${shown} curves shown`;
  }

  const form = document.getElementById("filters");
  form?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.type === "reset") return;
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    if (button.dataset.part) {
      hiddenParts[on ? "delete" : "add"](button.dataset.part);
    } else {
      chosen[button.dataset.filter][on ? "add" : "delete"](button.value);
    }
    apply();
  });
  form?.addEventListener("reset", () => {
    chosen.path.clear();
    chosen.implementation.clear();
    hiddenParts.clear();
    for (const button of form.querySelectorAll("button[aria-pressed]")) {
      button.setAttribute("aria-pressed", String("part" in button.dataset));
    }
    apply();
  });

  function chart(figure) {
    const { stops, series } = data[figure.id];
    const pointer = figure.querySelector(".pointer");
    const cursor = figure.querySelector(".cursor");
    const reading = figure.querySelector(".reading");
    const legend = figure.querySelectorAll(".legend li");
    let place = Math.max(0, stops.findIndex((stop) => stop[1] === "p99"));

    const visible = () =>
      series.filter((_, i) => {
        const item = legend[i];
        return !item.hasAttribute("data-out") && item.firstElementChild.getAttribute("aria-pressed") === "true";
      });
    const partsShown = () => Object.keys(series[0].readings).filter((part) => !hiddenParts.has(part));

    function show(to) {
      place = Math.min(Math.max(to, 0), stops.length - 1);
      const [at, label] = stops[place];
      const parts = partsShown();
      const rows = visible();
      const table = document.createElement("table");
      const head = make("tr", "", make("thead", "", table));
      for (const text of [label, ...parts]) make("th", text, head);
      const body = make("tbody", "", table);
      for (const each of rows) {
        const row = make("tr", "", body);
        const name = make("th", "", row);
        const glyph = make("span", legend[series.indexOf(each)].querySelector(".glyph").textContent + " ", name);
        glyph.className = "glyph";
        glyph.style.setProperty("--c", `var(--look-${each.look % 7})`);
        name.append(each.name);
        for (const part of parts) make("td", each.readings[part][place] || "–", row);
      }
      reading.replaceChildren(table);
      cursor.style.left = `${100 * at}%`;
      reading.classList.toggle("low", at < 0.5); // curves rise: there is room above them on the left, below on the right
      cursor.hidden = reading.hidden = false;
      const said = rows.map((each) => `${each.name}, ${parts.map((p) => `${p} ${each.readings[p][place] || "none"}`).join(", ")}`);
      pointer.setAttribute("aria-valuenow", String(place));
      pointer.setAttribute("aria-valuetext", `${label}: ${said.join("; ")}`);
    }
    const hide = () => { cursor.hidden = reading.hidden = true; };

    function follow(event) {
      const box = pointer.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width;
      let nearest = 0;
      stops.forEach((stop, i) => {
        if (Math.abs(stop[0] - at) < Math.abs(stops[nearest][0] - at)) nearest = i;
      });
      show(nearest);
    }
    pointer.addEventListener("pointermove", follow);
    pointer.addEventListener("pointerdown", follow);
    pointer.addEventListener("pointerleave", (event) => {
      // A finger leaves with every tap: what it asked for stays until another place is touched.
      if (event.pointerType !== "touch" && document.activeElement !== pointer) hide();
    });
    pointer.addEventListener("focus", () => { if (pointer.matches(":focus-visible")) show(place); });
    pointer.addEventListener("blur", hide);
    pointer.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -8, PageUp: 8 };
      const ends = { Home: 0, End: stops.length - 1 };
      if (event.key === "Escape") { hide(); return; }
      if (event.key in steps) show(place + steps[event.key]);
      else if (event.key in ends) show(ends[event.key]);
      else return;
      event.preventDefault();
    });
    legend.forEach((item, i) => {
      const button = item.firstElementChild;
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        for (const part of figure.querySelectorAll(`.area [data-series="${i}"]`)) {
          part.classList.toggle("unseen-series", !on);
        }
      });
    });
  }
  document.querySelectorAll("figure.chart").forEach(chart);

  // On paper every table is open.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of opened) each.open = false; });
})();
