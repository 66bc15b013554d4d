/* Where an axis has its marks: round numbers upwards, and days that a reader counts by along the time. */

import { parts, weekday } from "./day.js";

/** Round numbers from at or below `low` to at or above `high`, at least `least` apart: three to six. */
function round(low, high, least) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max([1, 2, 5, 10].find((one) => one * power >= rough * 0.999) * power, least);
  const from = Math.floor(low / step + 1e-9), to = Math.ceil(high / step - 1e-9);
  return Array.from({ length: to - from + 1 }, (_, index) => Number(((from + index) * step).toPrecision(12)));
}

/** Marks for these values. Counts stand on zero. Of a score's scale at least a tenth is shown: little is not much. */
export function valueMarks(values, limits) {
  if (!limits) return round(0, Math.max(1, ...values), 1);
  const [least, most] = limits, span = (most - least) / 10;
  const low = Math.min(most - span, ...values), high = Math.max(least + span, ...values);
  if (!values.length) return limits;
  if (high - low > most / 2) return round(low, high, 0).filter((mark) => mark >= least);
  const spare = Math.max(0, span - (high - low)) / 2;
  return round(Math.max(least, low - spare), Math.min(most, high + spare), 0);
}

const MONTHS = [1, 2, 3, 6, 12, 24, 60];

/**
 * Days to name, no more than `most`: each day, else Mondays, else firsts of months.
 * form: how they are written, as in format.js.
 */
export function dayMarks(start, length, most) {
  const days = Array.from({ length }, (_, index) => start + index);
  const mondays = days.filter((day) => weekday(day) === 0);
  for (const [some, step] of [[days, 1], [days, 2], [mondays, 1], [mondays, 2], [mondays, 4]]) {
    if (some.length / step <= most) return { days: some.filter((_, n) => n % step === 0), form: "short" };
  }
  const firsts = days.filter((day) => parts(day).date === 1);
  const step = MONTHS.find((one) => firsts.length / one <= most) ?? 120;
  return { days: firsts.filter((day) => (parts(day).month + 12 * parts(day).year) % step === 0), form: "month" };
}
