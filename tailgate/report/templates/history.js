"use strict";
// Draws the curves of a history: a figure for each benchmark that is looked at, all over the same commits.
function drawHistory() {
  const head = JSON.parse(document.getElementById("head").textContent);
  const { commits, machines, verdicts, percentiles } = head;
  const GLYPHS = "●■▲◆▼✚✖";
  const SVG = "http://www.w3.org/2000/svg";
  const UNIT = 1e-5;
  const live = document.getElementById("live");
  const figures = document.getElementById("figures");
  const form = document.getElementById("filters");
  const view = { from: 0, to: Math.max(commits.length - 1, 0) };
  const chosen = { path: new Set(), implementation: new Set(), machine: new Set() };
  const partsOff = () => new Set([...form.querySelectorAll('[data-part][aria-pressed="false"]')].map((b) => b.dataset.part));
  let off = partsOff();
  let words = "";
  const open = new Map(); // number of a benchmark: its figure

  const make = (tag, text, parent, kind = "") => {
    const element = document.createElement(tag);
    if (text !== "") element.textContent = text;
    if (kind) element.className = kind;
    parent?.append(element);
    return element;
  };
  const draw = (tag, attributes, parent) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    parent.append(element);
    return element;
  };

  // Words: the same as the command line's.
  const signed = (steps) => {
    if (steps === null) return "open";
    const text = (100 * Math.expm1(steps * UNIT)).toFixed(2);
    return `${text.startsWith("-") ? "" : "+"}${text} %`;
  };
  const grouped = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const duration = (ns) => {
    if (ns < 10_000) return `${grouped(ns, 0)} ns`;
    for (const [unit, size] of [["µs", 1e3], ["ms", 1e6]]) {
      if (ns < 1000 * size) return `${(ns / size).toFixed(ns < 100 * size ? 1 : 0)} ${unit}`;
    }
    return `${(ns / 1e9).toFixed(2)} s`;
  };
  const sha = (place) => commits[place][0];
  const where = (change) => (change.head - change.base === 1 ? sha(change.head) : `${sha(change.base)}..${sha(change.head)}`);
  const told = (change) =>
    `${where(change)}: ${change.kind}, ${signed(change.ratio)} [${signed(change.low)}, ${signed(change.high)}], ` +
    `probability ${Math.round(100 * change.probability)}%`;

  async function unpacked(number) {
    if (!("DecompressionStream" in window)) throw new Error("this browser cannot unpack gzip: a newer one draws the curves");
    const packed = atob(document.getElementById(`curves-${number}`).textContent);
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }

  // Places: the commits that are shown are spread evenly, each in the middle of its share.
  const across = (place) => (1000 * (place - view.from + 0.5)) / (view.to - view.from + 1);
  const inside = (place) => place >= view.from && place <= view.to;
  const path = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  function linear(values) {
    let low = Math.min(...values), high = Math.max(...values);
    if (!values.length) [low, high] = [0, 1];
    const margin = (high - low) * 0.06 || Math.abs(high) * 0.06 || 1;
    return { low: low - margin, high: high + margin };
  }
  const steps = (low, high, about) => {
    const raw = (high - low) / about, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((n) => n * power).find((each) => each >= raw);
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
    return [found, Math.max(0, -Math.floor(Math.log10(step)))];
  };

  // A panel: axes, and what is drawn in them; the figure's pointer reads all of its panels together.
  function panel(figure, size, title) {
    const box = make("div", "", figure, "panel");
    make("p", title, box, "ylabel");
    const key = make("p", "", box, "key");
    const area = make("div", "", box, `area ${size}`);
    const svg = draw("svg", { viewBox: "0 0 1000 1000", preserveAspectRatio: "none", role: "img", "aria-label": title }, area);
    const cursor = make("div", "", area, "cursor");
    cursor.hidden = true;
    const select = make("div", "", area, "select");
    select.hidden = true;
    return { box, key, area, svg, cursor, select };
  }
  function clear({ area, svg, key }) {
    svg.replaceChildren();
    key.replaceChildren();
    for (const element of area.querySelectorAll(".tick, .label")) element.remove();
  }
  function axes({ area, svg }, up, ticks, last) {
    const grid = draw("g", { class: "grid" }, svg);
    for (const [value, label] of ticks) {
      draw("path", { d: `M0 ${up(value).toFixed(1)}H1000` }, grid);
      make("span", label, area, "tick y").style.bottom = `${100 - up(value) / 10}%`;
    }
    const wide = Math.max(1, Math.floor(area.clientWidth / 110));
    const every = Math.max(1, Math.ceil((view.to - view.from + 1) / wide));
    for (let place = view.from; place <= view.to; place += every) {
      draw("path", { d: `M${across(place).toFixed(1)} 0V1000` }, grid);
      if (last) make("span", sha(place), area, "tick x").style.left = `${across(place) / 10}%`;
    }
  }
  function dots(svg, points, colour) {
    if (view.to - view.from > 150 || !points.length) return;
    draw("path", { class: "dots", style: colour, d: points.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h.01`).join("") }, svg);
  }
  const span = (svg, from, to, kind, text, style = "") => {
    const left = Math.max(0, across(from)), right = Math.min(1000, across(to));
    if (right <= 0 || left >= 1000) return;
    const shape = draw("rect", { class: kind, style, x: left.toFixed(1), y: 0, width: Math.max(right - left, 1).toFixed(1), height: 1000 }, svg);
    draw("title", {}, shape).textContent = text;
  };

  function drawChain(part, data, last) {
    clear(part);
    const at = (place) => place - data.start;
    const known = [];
    for (const [from, to] of data.pieces) {
      const places = [];
      for (let place = Math.max(from, view.from); place <= Math.min(to, view.to); place++) places.push(place);
      if (places.length) known.push(places);
    }
    const banded = !off.has("interval");
    const values = known.flat().flatMap((p) => (banded ? [data.low[at(p)], data.high[at(p)]] : [data.ratio[at(p)]]));
    const { low, high } = linear(values.length ? values.map((v) => v * UNIT) : [0]);
    const up = (log) => 1000 * (1 - (log - low) / (high - low));
    const [marks, digits] = steps(100 * Math.expm1(low), 100 * Math.expm1(high), 6);
    axes(part, up, marks.map((v) => [Math.log1p(v / 100), `${v > 0 ? "+" : ""}${v.toFixed(digits)} %`]), last);
    for (const [from, to] of data.gaps) span(part.svg, from, to, "gap", `no comparison joins ${sha(from)} and ${sha(to)}`);
    if (low < 0 && high > 0) draw("path", { class: "zero", d: `M0 ${up(0).toFixed(1)}H1000` }, part.svg);
    for (const places of known) {
      const points = (of) => places.map((p) => [across(p), up(of[at(p)] * UNIT)]);
      if (banded) {
        draw("path", { class: "band", style: "--c: var(--look-0)", d: `${path([...points(data.high), ...points(data.low).reverse()])}Z` }, part.svg);
      }
      draw("path", { class: "line", style: "--c: var(--look-0)", d: path(points(data.ratio)) }, part.svg);
      dots(part.svg, points(data.ratio), "--c: var(--look-0)");
    }
    const changes = off.has("changes") ? [] : data.changes.filter((c) => c.head >= view.from && c.base < view.to);
    for (const change of changes) {
      const tone = change.ratio > 0 ? "bad" : "good";
      span(part.svg, change.base, change.head, `change ${tone}`, told(change));
      if (changes.length <= 8) {
        const left = across(change.head) > 750;
        const label = make("span", "", part.area, `label ${tone}${left ? " left" : ""}`);
        label.textContent = `${where(change)} ${signed(change.ratio)} [${signed(change.low)}, ${signed(change.high)}]`;
        label.style.left = `${Math.max(0, across(left ? change.base : change.head)) / 10}%`;
        label.style.top = `${0.2 + 1.1 * (changes.indexOf(change) % 4)}rem`;
      }
    }
    const gaps = data.gaps.filter(([from, to]) => to >= view.from && from <= view.to);
    const links = data.links.head.length;
    make("span", `chain of ${links.toLocaleString("en-US")} comparisons, 95 % interval`, part.key);
    if (gaps.length) {
      const [from, to] = [gaps[0][0], gaps[gaps.length - 1][1]];
      make("span", `${gaps.length} gap${gaps.length > 1 ? "s" : ""} where no comparison was made, ${sha(from)}..${sha(to)}: tailgate history fill closes them`, part.key, "doubtful");
    }
    for (const note of data.notes) make("span", note, part.key);
  }

  const machineOf = (level) => machines[level.machine][0];
  const levelShown = (level) => chosen.machine.size === 0 || chosen.machine.has(machineOf(level));
  function drawLevels(part, data, last) {
    clear(part);
    const drawn = percentiles.map((name, n) => n).filter((n) => !off.has(percentiles[n]));
    const seen = data.levels.map((level, number) => ({ level, number })).filter(({ level }) => levelShown(level) && level.ladder.length);
    const values = [];
    for (const { level } of seen) {
      level.at.forEach((place, n) => { if (inside(place)) for (const p of drawn) if (level.ladder[p][n] > 0) values.push(Math.log(level.ladder[p][n])); });
    }
    const { low, high } = linear(values.length ? values : [Math.log(100), Math.log(1000)]);
    const up = (log) => 1000 * (1 - (log - low) / (high - low));
    const marks = [];
    for (let power = Math.floor(low / Math.LN10); power <= high / Math.LN10; power++) {
      for (const n of [1, 1.5, 2, 3, 5, 7]) marks.push(n * 10 ** power);
    }
    const fits = marks.filter((v) => Math.log(v) >= low && Math.log(v) <= high);
    const ticks = fits.length >= 3 ? fits : steps(Math.exp(low), Math.exp(high), 4)[0];
    axes(part, up, ticks.map((v) => [Math.log(v), duration(v)]), last);
    for (const { level, number } of seen) {
      const colour = `--c: var(--look-${number % 7})`;
      for (const p of drawn) {
        const points = [];
        level.at.forEach((place, n) => { if (inside(place) && level.ladder[p][n] > 0) points.push([across(place), up(Math.log(level.ladder[p][n]))]); });
        if (!points.length) continue;
        draw("path", { class: `line${p === head.chosen ? "" : " other"}`, "data-part": percentiles[p], style: colour, d: path(points) }, part.svg);
        dots(part.svg, points, colour);
      }
      if (!off.has("changes")) {
        for (const change of level.changes) span(part.svg, change.base, change.head, "change level", `machine ${machineOf(level)}, ${told(change)}`, colour);
      }
      const item = make("span", "", part.key);
      item.style.cssText = colour;
      make("span", `${GLYPHS[number % 7]} `, item, "glyph");
      item.append(`machine ${machineOf(level)}, ${level.interpreter.split(" (")[0]}, ${level.at.length.toLocaleString("en-US")} runs`);
      item.title = [machines[level.machine][1], level.interpreter, `settings ${level.settings}`, ...level.note].join("\n");
      for (const note of level.note) make("span", note, part.key);
    }
  }

  function drawCounts(part, changes, last) {
    clear(part);
    const points = [];
    let before = null;
    for (const [place, value] of changes) {
      if (place > view.to) break;
      if (place < view.from) { before = value; continue; }
      if (before !== null) points.push([points.length ? across(place) : 0, before]);
      points.push([across(place), value]);
      before = value;
    }
    if (!points.length && before !== null) points.push([0, before]);
    if (points.length) points.push([1000, before]);
    const high = 1.1 * Math.max(...points.map((p) => p[1]), 0) || 1;
    const up = (value) => 1000 * (1 - value / high);
    axes(part, up, steps(0, high, 3)[0].map((v) => [v, v.toLocaleString("en-US", { maximumFractionDigits: 2 })]), last);
    if (points.length) draw("path", { class: "line", style: "--c: var(--look-4)", d: path(points.map(([x, v]) => [x, up(v)])) }, part.svg);
  }

  // What is read at a commit: rows of a name and its figures.
  function readings(data, place) {
    const rows = [];
    const at = place - data.start;
    const ratio = data.ratio[at];
    if (ratio === undefined || ratio === null) rows.push(["chained ratio", "no comparison reaches it"]);
    else rows.push(["chained ratio", `${signed(ratio)} [${signed(data.low[at])}, ${signed(data.high[at])}]`]);
    const { links } = data;
    links.head.forEach((headPlace, n) => {
      if (headPlace !== place) return;
      const figures = `${signed(links.ratio[n])} [${signed(links.low[n])}, ${signed(links.high[n])}]`;
      rows.push([`against ${sha(place - links.back[n])}, machine ${machines[links.machine[n]][0]}`, figures, verdicts[links.verdict[n]]]);
    });
    for (const change of data.changes) {
      if (place > change.base && place <= change.head) {
        rows.push([`${change.kind} ${where(change)}`, `${signed(change.ratio)} [${signed(change.low)}, ${signed(change.high)}]`, `${Math.round(100 * change.probability)}%`]);
      }
    }
    for (const level of data.levels.filter((each) => levelShown(each) && each.ladder.length)) {
      level.at.forEach((own, n) => {
        if (own !== place) return;
        const shown = percentiles.map((name, p) => [name, p]).filter(([name]) => !off.has(name));
        const dirty = level.dirty.includes(n) ? ", with changes that are in no commit" : "";
        const over = level.low[n] === null ? "" : `over processes ${duration(level.low[n])} .. ${duration(level.high[n])}`;
        rows.push([`machine ${machineOf(level)}${dirty}`, shown.map(([name, p]) => `${name} ${duration(level.ladder[p][n])}`).join(", "), over]);
      });
    }
    for (const [what, changes] of Object.entries(data.counts)) {
      const held = changes.filter(([own]) => own <= place).pop();
      if (held) rows.push([what, `${held[1].toLocaleString("en-US", { maximumFractionDigits: 2 })} per operation`]);
    }
    return rows;
  }

  function build(number, data) {
    const figure = make("figure", "", null, "chart");
    figure.dataset.benchmark = head.names[number];
    const caption = make("figcaption", "", figure);
    make("h3", head.names[number], caption);
    const close = make("button", "Close", caption);
    close.type = "button";
    close.addEventListener("click", () => toggle(number, false));
    const drawings = [];
    const add = (size, title, what) => drawings.push([panel(figure, size, title), what]);
    if (data.links.head.length) add("", "chained ratio against the first commit, over all machines", (part, last) => drawChain(part, data, last));
    if (data.levels.some((level) => level.ladder.length)) add("half", "absolute percentiles by machine", (part, last) => drawLevels(part, data, last));
    for (const [what, changes] of Object.entries(data.counts)) add("low", `${what} per operation`, (part, last) => drawCounts(part, changes, last));
    if (!drawings.length) make("p", "Nothing of it can be drawn: no figure is of a commit of this line.", figure);
    const areas = drawings.map(([part]) => part);
    if (areas.length) point(figure, areas, data, number);
    return { figure, redraw: () => drawings.forEach(([part, what], n) => what(part, n === drawings.length - 1)) };
  }

  function point(figure, areas, data, number) {
    const reading = make("div", "", areas[0].area, "reading");
    reading.hidden = true;
    reading.setAttribute("aria-hidden", "true");
    let place = null, pressed = null;
    const show = (to) => {
      place = Math.min(Math.max(to, view.from), view.to);
      const [name, when, title] = commits[place];
      const table = make("table", "");
      make("caption", `${name}  ${when}  ${title}`, table);
      const body = make("tbody", "", table);
      const rows = readings(data, place);
      for (const [what, ...cells] of rows) {
        const row = make("tr", "", body);
        make("th", what, row);
        for (const cell of cells) make("td", cell, row);
      }
      reading.replaceChildren(table);
      const at = across(place) / 10;
      reading.classList.toggle("low", at < 50);
      for (const { cursor } of areas) { cursor.style.left = `${at}%`; cursor.hidden = false; }
      reading.hidden = false;
      for (const { pointer } of areas) {
        pointer.setAttribute("aria-valuenow", String(place));
        pointer.setAttribute("aria-valuetext", `${name}, ${title}: ${rows.map((row) => row.join(" ")).join("; ")}`);
      }
    };
    const hide = () => { reading.hidden = true; for (const { cursor, select } of areas) cursor.hidden = select.hidden = true; };
    for (const part of areas) {
      const pointer = make("div", "", part.area, "pointer");
      part.pointer = pointer;
      pointer.tabIndex = 0;
      pointer.setAttribute("role", "slider");
      pointer.setAttribute("aria-label", `Read ${head.names[number]} by commit: arrow keys move, plus and minus zoom`);
      pointer.setAttribute("aria-valuemin", "0");
      pointer.setAttribute("aria-valuemax", String(commits.length - 1));
      pointer.setAttribute("aria-valuenow", String(view.to));
      const placeOf = (event) => {
        const box = pointer.getBoundingClientRect();
        const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.999999);
        return view.from + Math.floor(share * (view.to - view.from + 1));
      };
      pointer.addEventListener("pointermove", (event) => {
        const now = placeOf(event);
        show(now);
        if (pressed === null) return;
        const [first, last] = [Math.min(pressed, now), Math.max(pressed, now)];
        part.select.hidden = first === last;
        const share = 100 / (view.to - view.from + 1);
        part.select.style.left = `${share * (first - view.from)}%`;
        part.select.style.width = `${share * (last - first + 1)}%`;
      });
      pointer.addEventListener("pointerdown", (event) => {
        show(placeOf(event));
        if (event.pointerType === "touch" || event.button !== 0) return; // a finger scrolls
        pressed = placeOf(event);
        pointer.setPointerCapture(event.pointerId);
      });
      pointer.addEventListener("pointerup", (event) => {
        if (pressed === null) return;
        const now = placeOf(event);
        const range = [Math.min(pressed, now), Math.max(pressed, now)];
        pressed = null;
        part.select.hidden = true;
        if (range[0] < range[1]) zoom(...range);
      });
      pointer.addEventListener("pointercancel", () => { pressed = null; part.select.hidden = true; });
      pointer.addEventListener("dblclick", () => zoom(0, commits.length - 1));
      pointer.addEventListener("pointerleave", (event) => {
        if (event.pointerType !== "touch" && document.activeElement !== pointer) hide();
      });
      pointer.addEventListener("focus", () => { if (pointer.matches(":focus-visible")) show(place ?? view.to); });
      pointer.addEventListener("blur", hide);
      pointer.addEventListener("keydown", (event) => {
        const at = place ?? view.to;
        const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
        const half = Math.max(1, Math.round((view.to - view.from) / 4));
        if (event.key === "Escape") { hide(); return; }
        if (event.key in moves) show(at + moves[event.key]);
        else if (event.key === "Home") show(view.from);
        else if (event.key === "End") show(view.to);
        else if (event.key === "+") zoom(at - half, at + half);
        else if (event.key === "-") zoom(at - 4 * half, at + 4 * half);
        else return;
        if (event.key === "+" || event.key === "-") show(at);
        event.preventDefault();
      });
    }
  }

  function zoom(from, to) {
    view.from = Math.max(0, Math.min(from, to));
    view.to = Math.min(commits.length - 1, Math.max(from, to));
    apply();
  }

  async function toggle(number, on, range = null) {
    if (on && !open.has(number)) {
      let built;
      try {
        built = build(number, await unpacked(number));
      } catch (error) {
        built = { figure: make("figure", `${head.names[number]}: ${error.message}`, null, "chart"), redraw: () => {} };
      }
      open.set(number, built);
      figures.prepend(built.figure);
    } else if (!on) {
      open.get(number)?.figure.remove();
      open.delete(number);
    }
    const button = document.querySelector(`#benchmarks button[data-open="${number}"]`);
    button?.setAttribute("aria-pressed", String(open.has(number)));
    if (range) zoom(...range);
    else apply();
  }

  const isOut = (element) => {
    if (words && !element.dataset.name.toLowerCase().includes(words)) return true;
    return ["path", "implementation"].some((kind) => {
      const name = element.dataset[kind];
      return chosen[kind].size > 0 && name !== undefined && !chosen[kind].has(name);
    });
  };
  function apply() {
    const left = new Set();
    for (const row of document.querySelectorAll("tr[data-name]")) {
      const out = isOut(row);
      row.toggleAttribute("data-out", out);
      if (!out) left.add(row.dataset.name);
    }
    for (const { figure, redraw } of open.values()) {
      figure.toggleAttribute("data-out", !left.has(figure.dataset.benchmark));
      if (commits.length && left.has(figure.dataset.benchmark)) redraw();
    }
    if (commits.length) {
      document.getElementById("from").value = sha(view.from);
      document.getElementById("to").value = sha(view.to);
      document.getElementById("range").textContent = `${(view.to - view.from + 1).toLocaleString("en-US")} of ${commits.length.toLocaleString("en-US")} commits`;
    }
    live.textContent = `${left.size} of ${head.names.length} benchmarks`;
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.type === "reset") return;
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    if (button.dataset.filter) chosen[button.dataset.filter][on ? "add" : "delete"](button.value);
    off = partsOff();
    apply();
  });
  form.addEventListener("reset", () => {
    for (const names of Object.values(chosen)) names.clear();
    for (const button of form.querySelectorAll("button[aria-pressed]")) button.setAttribute("aria-pressed", String("part" in button.dataset));
    off = new Set();
    words = "";
    apply();
  });
  document.getElementById("words").addEventListener("input", (event) => { words = event.target.value.trim().toLowerCase(); apply(); });
  const find = (text) => commits.findIndex((commit) => text && commit[0].startsWith(text.slice(0, commit[0].length)));
  document.getElementById("zoom").addEventListener("submit", (event) => {
    event.preventDefault();
    const [from, to] = ["from", "to"].map((id) => find(document.getElementById(id).value.trim()));
    if (from < 0 || to < 0) document.getElementById("range").textContent = "no such commit on this line";
    else zoom(from, to);
  });
  document.getElementById("whole").addEventListener("click", () => zoom(0, commits.length - 1));
  document.getElementById("recent").addEventListener("click", () => zoom(commits.length - 50, commits.length - 1));
  document.querySelector("main").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-open]");
    if (!button) return;
    const number = Number(button.dataset.open);
    if (button.dataset.first === undefined) { toggle(number, !open.has(number)); return; }
    const around = 20;
    toggle(number, true, [Number(button.dataset.first) - around, Number(button.dataset.last) + around]);
    document.getElementById("curves").scrollIntoView();
  });
  addEventListener("resize", () => { for (const { figure, redraw } of open.values()) if (commits.length && !figure.hasAttribute("data-out")) redraw(); });

  apply();
  const first = document.querySelector("#changes button[data-open]") ?? document.querySelector("#benchmarks button[data-open]");
  if (first) toggle(Number(first.dataset.open), true).then(() => performance.mark("drawn"));
}
