/*
 * A KPI by day, as SVG: the days of the span as a line, those before them as a thin dashed one, and today as a hollow
 * circle at the end of a dashed piece. A day without a number is a gap. Over a long span the days are faint, and the
 * lines are means of seven days. Colours are those of dashboard.css, by class.
 */

import { draw } from "./dom.js";
import { brief, day as dayText } from "./format.js";
import { dayMarks, valueMarks } from "./scale.js";

const HEIGHT = 168;
const TOP = 10, RIGHT = 12, BOTTOM = 26;
const LETTER = 7; // the width of a digit of an axis
const LABEL = 58; // the least room of a day's name

const fixed = (value) => Number(value.toFixed(1));

/** The line through these values; what stands alone between gaps becomes a dot. */
function line(values, x, y, name) {
  let path = "", pen = false;
  const dots = [];
  values.forEach((value, index) => {
    if (value === null) { pen = false; return; }
    if (!pen && (values[index + 1] ?? null) === null) {
      dots.push(draw("circle", { class: name, cx: x(index), cy: y(value), r: 2.5 }));
    } else {
      path += `${pen ? "L" : "M"}${x(index)} ${y(value)}`;
      pen = true;
    }
  });
  return draw("g", {}, path && draw("path", { class: `line ${name}`, d: path }), ...dots);
}

/** The ends of the dashed piece that leads to today, from the last day if that has a number. */
function lead(view, x, y) {
  const last = view.now.length - 1;
  if (last < 0 || view.now[last] === null) return null;
  return draw("path", { class: "line today", d: `M${x(last)} ${y(view.now[last])}L${x(last + 1)} ${y(view.today)}` });
}

/** Lines and numbers across, and the names of days, but for those that would leave the picture. */
function axes(marks, { days, form }, { x, y, left, width, digits, start }) {
  const half = form === "month" ? 16 : 24;
  const named = days.filter((day) => x(day - start) >= left + half - 20 && x(day - start) + half < width);
  return draw("g", { class: "axes" },
    ...marks.map((mark) => draw("line", { x1: left, x2: width - RIGHT, y1: y(mark), y2: y(mark) })),
    ...marks.map((mark) => draw("text", { x: left - 8, y: y(mark) + 4, class: "value" }, brief(mark, digits))),
    ...named.map((day) => draw("text", { x: x(day - start), y: HEIGHT - 6 }, dayText(day, form))));
}

/** A picture of a view of kpi.js, `width` pixels wide, with mark(index) to point at a day and at(x) to find one. */
export function chart(kpi, view, width) {
  const { span, now, then, today } = view, length = span.days + (span.current ? 1 : 0);
  const numbers = [...now, ...(then ?? []), today].filter((value) => value !== null);
  const marks = valueMarks(numbers, kpi.limits), low = marks[0], high = marks.at(-1);
  const digits = kpi.limits ? Math.max(...marks.map((mark) => (String(mark).split(".")[1] ?? "").length)) : 0;
  const left = 12 + LETTER * Math.max(2, ...marks.map((mark) => brief(mark, digits).length));
  const room = width - left - RIGHT - 4;
  const x = (index) => fixed(left + 4 + (length > 1 ? (room * index) / (length - 1) : room / 2));
  const y = (value) => fixed(TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low)));

  const days = dayMarks(span.start, length, Math.floor(room / LABEL));
  const pointer = draw("g", { class: "pointer" });
  const svg = draw("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true", focusable: "false" },
    axes(marks, days, { x, y, left, width, digits, start: span.start }),
    then && line(view.meanThen ?? then, x, y, "then"),
    view.averaged && line(now, x, y, "faint"),
    line(view.meanNow ?? now, x, y, "now"),
    today !== null && lead(view, x, y),
    today !== null && draw("circle", { class: "today", cx: x(span.days), cy: y(today), r: 4 }),
    !numbers.length && draw("text", { x: left + room / 2, y: HEIGHT / 2 - 4 }, "no data"),
    pointer);

  function mark(index) {
    pointer.replaceChildren();
    if (index === null || index >= length) return;
    const spot = (value, name) => (value ?? null) !== null &&
      pointer.append(draw("circle", { class: name, cx: x(index), cy: y(value), r: 4 }));
    pointer.append(draw("line", { x1: x(index), x2: x(index), y1: TOP, y2: HEIGHT - BOTTOM }));
    spot(then?.[index], "then");
    spot(index < span.days ? now[index] : today, index < span.days ? "now" : "today");
  }
  const at = (position) =>
    Math.max(0, Math.min(length - 1, Math.round(((position - left - 4) / room) * (length - 1))));
  return { svg, mark, at, length };
}
