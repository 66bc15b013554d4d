/*
 * Two questions make a page: the days, and the totals. Those do not follow from the days: distinct returning users, and
 * averages and changes, which the API has from exact sums.
 */

import { dayOf, iso, parse } from "./day.js";

const ROOT = new URL("../rest/analytics/", import.meta.url);
const PAGE = 365; // days, the most that the API gives at once
const PATIENCE = 20000; // milliseconds

/** No numbers. status: of HTTP, or 0 without an answer; wait: seconds, where the API names them. */
export class Refusal extends Error {
  constructor(status, message, wait) {
    super(message);
    this.status = status;
    this.wait = wait;
  }
}

async function ask(access, path, query, signal) {
  const url = new URL(`${encodeURIComponent(access.project)}/${path}?${new URLSearchParams(query)}`, ROOT);
  if (/[^!-~]/.test(access.token)) throw new Refusal(401, "unauthenticated"); // no header can hold it
  const headers = { Authorization: `Bearer ${access.token}` };
  const answer = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]) })
    .catch(() => { throw new Refusal(0, "no answer"); });
  const body = await answer.json().catch(() => null);
  if (!answer.ok || !body) throw new Refusal(answer.status, body?.message ?? "not Daybook's words", body?.retry_after);
  return { body, headers: answer.headers };
}

/** The rows of [from, to), however many pages they are. */
async function days(access, from, to, signal) {
  const rows = [];
  for (let cursor = ""; cursor !== null;) {
    const query = { from: iso(from), to: iso(to), limit: PAGE, ...(cursor && { cursor }) };
    const { body } = await ask(access, "summary/daily", query, signal);
    rows.push(...body.data);
    cursor = body.metadata.next_cursor;
  }
  return new Map(rows.map((row) => [parse(row.date), row]));
}

/**
 * All that is shown of a span: rows by day, totals, and what the headers tell: the first day with an event, the first
 * that may still change, the day on which the token ends, the instant of the newest change, and the server's today.
 */
export async function report(access, span, signal) {
  const query = { from: iso(span.start), to: iso(span.end), compare: "previous" };
  const [rows, { body, headers }] = await Promise.all([
    days(access, span.before, span.end + (span.current ? 1 : 0), signal),
    ask(access, "summary", query, signal),
  ]);
  const instant = (name) => (headers.has(name) ? Date.parse(headers.get(name)) : null);
  return {
    rows,
    totals: body.data,
    first: parse(headers.get("Daybook-First-Date")),
    unsettled: parse(headers.get("Daybook-First-Incomplete-Date")),
    expires: parse(headers.get("Daybook-Token-Expires")),
    changed: instant("Last-Modified"),
    today: headers.has("Date") ? dayOf(instant("Date")) : null,
  };
}
