/*
 * What is looked at, as it stands in the address, and the days which that means.
 *
 *   ?project=demo&period=4w                           the last four weeks, and today
 *   ?project=demo&period=4w&last=2026-10-31           four weeks that end with that day
 *   ?project=demo&first=2026-10-01&last=2026-10-31    a range of one's own, both days in it
 *   &tables=csat,errors&keys=off                      tables that are open; keys that do nothing
 */

import { iso, parse } from "./day.js";

export const PERIODS = { "7d": 7, "4w": 28, "13w": 91, "52w": 364 };
export const LONGEST = 3650; // days of a range of one's own: some twenty requests
const EARLIEST = parse("1980-01-01"); // the days before it are in the API's calendar too

/** Reads an address; what is wrong in it gives way to the last four weeks. */
export function read(search) {
  const query = new URLSearchParams(search);
  const first = parse(query.get("first")), last = parse(query.get("last"));
  const own = first !== null && last !== null && !mistake(first, last);
  const period = query.get("period");
  return {
    project: query.get("project") ?? "",
    period: own ? null : Object.hasOwn(PERIODS, period) ? period : "4w",
    first: own ? first : null,
    last: own || (last !== null && last >= EARLIEST) ? last : null,
    tables: (query.get("tables") ?? "").split(",").filter(Boolean),
    keys: query.get("keys") !== "off",
  };
}

export function write(state) {
  const query = new URLSearchParams();
  if (state.project) query.set("project", state.project);
  if (state.period) query.set("period", state.period);
  if (state.first !== null) query.set("first", iso(state.first));
  if (state.last !== null) query.set("last", iso(state.last));
  if (state.tables.length) query.set("tables", state.tables.join(","));
  if (!state.keys) query.set("keys", "off");
  return `?${query}`.replaceAll("%2C", ",");
}

/** Why a range of one's own is none, or null. */
export function mistake(first, last) {
  if (first === null || last === null) return "A range needs a first and a last day.";
  if (first > last) return "The first day is after the last.";
  if (first < EARLIEST) return `Days begin with ${iso(EARLIEST)}.`;
  if (last - first >= LONGEST) return `A range has at most ${LONGEST} days.`;
  return null;
}

/**
 * The whole days [start, end) that are added up, as many before them from `before` on, and whether today, which is not
 * over, is shown behind them.
 */
export function span(state, today) {
  if (state.period) {
    const days = PERIODS[state.period];
    const current = state.last === null || state.last >= today - 1;
    const end = current ? today : state.last + 1;
    return { start: end - days, end, days, before: end - 2 * days, current };
  }
  const end = Math.min(state.last + 1, today), start = Math.min(state.first, end);
  return { start, end, days: end - start, before: 2 * start - end, current: state.last >= today };
}

/** The state one period earlier (-1) or later (1). None goes beyond yesterday: it is the last day that is over. */
export function move(state, direction, today) {
  const { start, end, days } = span(state, today);
  const length = Math.max(1, state.period ? days : state.last - state.first + 1);
  if (direction < 0 && start - 2 * length < EARLIEST) return state;
  if (direction > 0 && end >= today) return state;
  const last = Math.min(end - 1 + direction * length, today - 1);
  if (state.period) return { ...state, last: last >= today - 1 ? null : last };
  return { ...state, first: last - length + 1, last };
}
