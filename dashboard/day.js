/*
 * Calendar days in UTC as whole numbers: day 0 is 1970-01-01, and a span is [start, end).
 * So there are no time zones, no clock changes and no fractions in any sum of days.
 */

const MILLISECONDS = 86400000;

/** The day in which an instant lies, given in milliseconds. */
export const dayOf = (instant) => Math.floor(instant / MILLISECONDS);

export const instantOf = (day) => day * MILLISECONDS;

/** 2026-01-31, as the API writes it. */
export const iso = (day) => new Date(instantOf(day)).toISOString().slice(0, 10);

/** The day of such a text; null if it is none, as 2026-02-30 is none. */
export function parse(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text ?? "")) return null;
  const instant = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(instant) || iso(dayOf(instant)) !== text ? null : dayOf(instant);
}

/** 0 is Monday. */
export const weekday = (day) => (((day + 3) % 7) + 7) % 7;

/** Year, month (0 to 11) and day of the month. */
export function parts(day) {
  const date = new Date(instantOf(day));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), date: date.getUTCDate() };
}
