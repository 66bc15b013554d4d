/*
 * The six KPIs as data. A card shows `field`; more of it is better (1), worse (-1) or neither (0). `columns` are the
 * API's fields in table and CSV, with headings. A score has `limits`, its scale, and `sum` and `by`, the parts of it.
 */

import { percent } from "./format.js";

export const KPIS = [
  {
    name: "messages", title: "Inbound messages", field: "inbound_messages", better: 0, beside: "outbound_messages",
    columns: {
      inbound_messages: "Inbound", outbound_messages: "Outbound", positive_feedback: "Thumbs up",
      negative_feedback: "Thumbs down", ht_requests: "Takeovers asked", ht_starts: "Takeovers",
    },
  },
  { name: "chats", title: "Chats started", field: "chats", better: 1, columns: { chats: "Chats" } },
  {
    name: "users", title: "Returning users", field: "returning_users", better: 1,
    note: "each counted once", columns: { returning_users: "Users" },
  },
  {
    name: "csat", title: "CSAT", field: "csat_avg_score", better: 1, digits: 2, unit: "of 5", limits: [1, 5],
    by: "csat_total", sum: "csat_sum", answers: "response",
    columns: { csat_total: "Responses", csat_avg_score: "Average" },
  },
  {
    name: "quality", title: "AI quality", field: "ai_quality_score", better: 1, digits: 2, unit: "of 1", limits: [0, 1],
    by: "ai_quality_sample_size", sum: "ai_quality_sum", answers: "sample",
    columns: { ai_quality_sample_size: "Samples", ai_quality_score: "Average" },
  },
  { name: "errors", title: "Technical errors", field: "error_count", better: -1, columns: { error_count: "Errors" } },
];

/** Days beyond which a chart shows the mean of seven: weekends make a thicket of them. */
const MANY = 60;

/** The mean of a day and the six before it: of a score, over all answers. */
function mean(kpi, rows, day, first) {
  if (day - 6 < first) return null;
  let sum = 0, by = 0;
  for (let one = day - 6; one <= day; one++) {
    const row = rows.get(one);
    if (!row) return null;
    sum += row[kpi.sum ?? kpi.field];
    by += kpi.by ? row[kpi.by] : 1;
  }
  return by ? sum / by : null;
}

/** What a card shows of a report. Days before the first event are no zeros: they are null. */
export function view(kpi, span, report) {
  const { rows, totals, first } = report;
  const since = first ?? Infinity;
  const comparable = since <= span.before && totals.previous !== null && span.days > 0;
  const value = (day) => (day < since ? null : rows.get(day)?.[kpi.field] ?? null);
  const each = (start, of) => Array.from({ length: span.days }, (_, index) => of(start + index));
  const averaged = span.days > MANY;
  return {
    span, rows, comparable, averaged,
    total: totals[kpi.field],
    before: comparable ? totals.previous[kpi.field] : null,
    change: comparable ? totals.change[kpi.field] : null,
    answers: kpi.by ? totals[kpi.by] : null,
    beside: kpi.beside ? totals[kpi.beside] : null,
    now: each(span.start, value),
    then: comparable ? each(span.before, value) : null,
    meanNow: averaged ? each(span.start, (day) => mean(kpi, rows, day, since)) : null,
    meanThen: averaged && comparable ? each(span.before, (day) => mean(kpi, rows, day, since)) : null,
    today: span.current ? value(span.end) : null,
  };
}

/** A change in words: how much it is, and whether that is better or worse. From nothing there is no percentage. */
export function verdict(kpi, { total, before, change }) {
  const way = Math.sign(total - before), good = way * kpi.better;
  const words = good > 0 ? "better" : good < 0 ? "worse" : way > 0 ? "more" : "fewer";
  const much = change === null ? "" : Math.abs(change) < 0.0005 ? "barely " : `${percent(change)} `;
  return { arrow: way > 0 ? "▲" : "▼", text: much + words, good };
}
