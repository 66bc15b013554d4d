/* The days of a card as a table and as CSV. */

import { iso } from "./day.js";
import { make } from "./dom.js";
import { day as dayText, number } from "./format.js";

const cell = (value, digits) => make("td", {}, value === null || value === undefined ? "–" : number(value, digits));

/** Averages have the digits of the KPI, all other columns are counts. */
const digitsOf = (kpi, field) => (field === kpi.field ? kpi.digits ?? 0 : 0);

/** All days, the newest first, and beside each the day of the span before that it is compared with. */
export function table(kpi, view) {
  const { span, rows } = view, fields = Object.keys(kpi.columns);
  const last = span.current ? span.end : span.end - 1;
  const line = (day) => {
    const earlier = day - span.days;
    return make("tr", { class: day === span.end ? "open" : null },
      make("th", { scope: "row" }, dayText(day, span.days > 360 ? "date" : "weekday"), day === span.end && " so far"),
      ...fields.map((field) => cell(rows.get(day)?.[field], digitsOf(kpi, field))),
      view.comparable && (day < span.end ? cell(rows.get(earlier)?.[kpi.field], kpi.digits) : make("td", {}, "")));
  };
  const days = Array.from({ length: last - span.start + 1 }, (_, index) => last - index);
  return make("table", {},
    make("thead", {}, make("tr", {}, ...["Day", ...Object.values(kpi.columns), view.comparable && "Before"]
      .filter(Boolean).map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...days.map(line)));
}

/** The whole days as the API's own CSV has them (RFC 4180): its names and order, nothing for a number that is not. */
export function csv(kpi, { span, rows }) {
  const fields = Object.keys(kpi.columns);
  const lines = [["date", ...fields]];
  for (let day = span.start; day < span.end; day++) {
    lines.push([iso(day), ...fields.map((field) => rows.get(day)?.[field] ?? "")]);
  }
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

export function save(kpi, view) {
  const address = URL.createObjectURL(new Blob([csv(kpi, view)], { type: "text/csv" }));
  make("a", { href: address, download: `${kpi.name}_${iso(view.span.start)}_${iso(view.span.end)}.csv` }).click();
  setTimeout(URL.revokeObjectURL, 60000, address);
}
