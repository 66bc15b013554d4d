/*
 * A card: title, total, comparison, chart, the day that is pointed at, the days as a table. It is made once and filled
 * anew, so that neither the focus nor an open table is lost.
 */

import { chart } from "./chart.js";
import { make } from "./dom.js";
import { count, day as dayText, number } from "./format.js";
import { verdict } from "./kpi.js";
import { save, table } from "./table.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1,
  PageDown: -7, PageUp: 7, Home: -1e5, End: 1e5 };

/** The total, and what belongs to it. */
function figures(kpi, view) {
  const besides = kpi.beside ? `${number(view.beside)} outbound` : kpi.by ? count(view.answers, kpi.answers) : kpi.note;
  const unit = kpi.unit && make("small", {}, ` ${kpi.unit}`);
  const total = number(view.total, kpi.digits);
  return [make("span", { class: "total" }, total, unit), make("span", { class: "soft" }, besides)];
}

/** The change in words with the total before, or why there is none. */
function comparison(kpi, view) {
  const { total, before } = view;
  if (!view.span.days) return ["no day of it is over yet"];
  if (!view.comparable) return ["nothing before to compare with"];
  const earlier = `before: ${number(before, kpi.digits)}`;
  if (total === null || before === null) return [earlier];
  if (total === before) return [`unchanged, ${earlier}`];
  const { arrow, text, good } = verdict(kpi, view);
  return [make("strong", { class: good > 0 ? "good" : good < 0 ? "bad" : null },
    make("span", { "aria-hidden": "true" }, `${arrow} `), text), ` ${earlier}`];
}

/** One day in words, with the day that it is compared with. */
function reading(kpi, view, index) {
  const { span, rows } = view, day = span.start + index, open = day === span.end;
  const value = open ? view.today : view.now[index];
  const text = (day, value) => `${dayText(day, "weekday")}${open ? " so far" : ""}: ${number(value, kpi.digits)}`;
  const answers = kpi.by && value !== null ? ` (${number(rows.get(day)[kpi.by])})` : "";
  const earlier = view.comparable && !open ? ` · ${text(day - span.days, view.then[index])}` : "";
  return text(day, value) + answers + earlier;
}

/** A card of a KPI. It calls point(index or null) as a day is pointed at, toggle(open) as its table opens or shuts. */
export function card(kpi, { point, toggle }) {
  let view = null, picture = null, index = null, width = 0;
  const total = make("p", { class: "figures" }), change = make("p", { class: "change" });
  const words = make("p", { class: "soft" });
  const days = make("div", { class: "days", role: "region", tabindex: 0, "aria-label": `${kpi.title}, days` });
  const place = make("div", { class: "chart", role: "slider", tabindex: 0, "aria-label": `${kpi.title} by day`,
    "aria-valuemin": 0 });
  const details = make("details", {}, make("summary", {}, "Days as a table"), days);
  const button = make("button", { type: "button", class: "quiet", "aria-label": `${kpi.title} as CSV` }, "CSV");
  const element = make("article", { id: kpi.name, "aria-labelledby": `${kpi.name}-title` },
    make("header", {}, make("h3", { id: `${kpi.name}-title` }, kpi.title), button),
    total, change, place, words, details);

  function fill() {
    days.replaceChildren(...(details.open && view ? [table(kpi, view)] : []));
  }

  function resize() {
    if (!view || !place.clientWidth || (picture && width === place.clientWidth)) return;
    width = place.clientWidth;
    picture = chart(kpi, view, width);
    place.replaceChildren(picture.svg);
    place.setAttribute("aria-valuemax", picture.length - 1);
    read(index);
  }

  function read(one) {
    index = one !== null && picture && one < picture.length ? one : null;
    picture?.mark(index);
    if (!view || !picture) return;
    const last = Math.max(0, view.span.days - 1), said = index ?? last;
    const text = picture.length ? reading(kpi, view, said) : "";
    const today = view.span.current ? `Today so far: ${number(view.today, kpi.digits)}` : "";
    words.textContent = index === null ? today : text;
    place.setAttribute("aria-valuenow", said);
    place.setAttribute("aria-valuetext", text);
  }

  function show(next) {
    view = next;
    picture = null;
    total.replaceChildren(...figures(kpi, view));
    change.replaceChildren(...comparison(kpi, view));
    resize();
    fill();
  }

  const pointed = (event) => picture && point(picture.at(event.clientX - place.getBoundingClientRect().left));
  place.addEventListener("pointermove", pointed);
  place.addEventListener("pointerdown", pointed);
  place.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && point(null));
  place.addEventListener("blur", () => point(null));
  place.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !picture) return;
    if (event.key === "Escape") return point(null);
    if (!(event.key in STEPS)) return;
    event.preventDefault();
    const from = index ?? picture.length - (STEPS[event.key] < 0 ? 0 : 1);
    point(Math.max(0, Math.min(picture.length - 1, from + STEPS[event.key])));
  });
  details.addEventListener("toggle", () => { fill(); toggle(details.open); });
  button.addEventListener("click", () => view && save(kpi, view));

  return { kpi, element, show, read, resize, open: (yes) => { details.open = yes; } };
}
