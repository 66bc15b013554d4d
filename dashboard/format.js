/* Numbers and days as the reader's locale writes them. */

import { instantOf } from "./day.js";

const LOCALE = [...(navigator.languages ?? [])];
const UTC = { timeZone: "UTC" };
const written = (form) => new Intl.DateTimeFormat(LOCALE, { ...form, ...UTC });
const DAY = { day: "numeric", month: "short" };
const FORMS = {
  short: written(DAY),
  weekday: written({ ...DAY, weekday: "short" }),
  date: written({ ...DAY, year: "numeric" }),
  month: written({ month: "short" }),
};

const numbers = (digits, style) =>
  new Intl.NumberFormat(LOCALE, { minimumFractionDigits: digits, maximumFractionDigits: digits, style });
const fixed = [0, 1, 2].map((digits) => numbers(digits)), share = numbers(1, "percent");
const compact = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium" });
const minutes = written({ dateStyle: "medium", timeStyle: "short" });

export const number = (value, digits = 0) => (value === null ? "none" : fixed[digits].format(value));
export const brief = (value, digits) => (Math.abs(value) >= 10000 ? compact.format(value) : number(value, digits));
export const percent = (ratio) => share.format(Math.abs(ratio));
export const day = (value, form = "short") => FORMS[form].format(instantOf(value));
/** From the first day of a span to its last: 30 Oct – 26 Nov 2026. */
export const range = (start, end) => FORMS.date.formatRange(instantOf(start), instantOf(end - 1));
/** An instant in the reader's own time, to the second. */
export const time = (instant) => clock.format(instant);
/** An instant in UTC, to the minute. */
export const utc = (instant) => `${minutes.format(instant)} UTC`;
export const count = (value, one) => `${number(value)} ${one}${value === 1 ? "" : "s"}`;
