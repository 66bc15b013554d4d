/* What the page says when the API does not give it the numbers, and around the numbers. */

import { make } from "./dom.js";
import { count, day as dayText, range, time, utc } from "./format.js";

const SOON = 14; // days before its end from which on a token is said to end

/** What to say of a refusal. again: the instant at which the page asks again by itself, or null. */
export function refusal({ status, message }, project, again) {
  switch (status) {
    case 0: return "The API cannot be reached, or does not answer in time. Refresh tries again.";
    case 401: return "This token is not valid: it is mistyped, has ended, or was revoked.";
    case 403: return `This token does not open the project ${project}.`;
    case 429: return `The token's 100 requests a minute are used up. The page asks again by itself at ${time(again)}.`;
    case 500: return "The API has a fault of its own (500). Refresh tries again; if it stays, tell the operator.";
    default: return `The API answers ${status}: ${message}.`;
  }
}

const sample = (name, text) => make("span", { class: `sample ${name}` }, text);

/** What the lines are, and which days they stand for. */
export function legend(span, comparable, averaged) {
  const days = span.days ? count(span.days, "whole day") : "No whole day yet";
  return [sample("now", averaged ? `${days}, mean of 7` : days),
    comparable && sample("then", `before: ${range(span.before, span.start)}`),
    span.current && sample("today", "today so far")].filter(Boolean);
}

/** What to know of the numbers, as sentences. */
export function notes(span, report, today) {
  const { first, unsettled, expires, changed } = report;
  const said = ["Days are whole days in UTC; today is in no total."];
  if (first > span.before) said.push(`The first event is of ${dayText(first, "date")}: too few days to compare with.`);
  else if (span.days % 7) said.push("These are not whole weeks, so a weekday stands beside another.");
  if (unsettled && unsettled < span.end) said.push(`Late events still change days from ${dayText(unsettled)} on.`);
  said.push("Returning users, exact to about 2 %, count once in the total: their days do not add up to it.");
  if (changed !== null) said.push(`Newest change: ${utc(changed)}.`);
  if (expires !== null && expires - today <= SOON) said.push(`The token ends on ${dayText(expires, "date")}.`);
  return said;
}
