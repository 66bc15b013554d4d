/*
 * The page. What is looked at (period.js) is in the address, the token (session.js) is not. Keys and buttons change
 * what is looked at. Then the API is asked (api.js), and the cards show its answer.
 */

import { report as ask, Refusal } from "./api.js";
import { card } from "./card.js";
import { dayOf, iso, parse } from "./day.js";
import { range } from "./format.js";
import { listen } from "./keys.js";
import { KPIS, view } from "./kpi.js";
import * as notice from "./notice.js";
import { mistake, move, PERIODS, read, span, write } from "./period.js";
import { forget, keep, takeFragment, token } from "./session.js";

const SETTLE = 150; // milliseconds until the API is asked: who leafs on costs the limit nothing

const $ = (id) => document.getElementById(id);
let state = null;
let first = null; // day of the project's first event, once it is known
let ahead = 0; // days by which this clock is before the server's
let asking = null; // the AbortController of what is being asked
let timer = null; // of the next question

const today = () => dayOf(Date.now()) - ahead;
const cards = KPIS.map((kpi) => card(kpi, {
  point: (index) => cards.forEach((one) => one.read(index)),
  toggle: (open) => openTable(kpi.name, open),
}));

function say(text, kind = "") {
  $("status").className = `status ${kind}`;
  $("status").textContent = text;
}

/** Puts the state into the address. */
const record = (how = "replaceState") => history[how](null, "", location.pathname + write(state));

/** Takes another state, as a step of the browser's history. */
function go(next) {
  if (write(next) === write(state)) return;
  state = next;
  record("pushState");
  outline();
  later(SETTLE);
}

function openTable(name, open) {
  const tables = state.tables.filter((one) => one !== name);
  state = { ...state, tables: open ? [...tables, name] : tables };
  record();
}

/** Controls and heading, which need no answer. */
function outline() {
  const days = span(state, today());
  const text = days.days ? range(days.start, days.end) : range(days.start, days.start + 1);
  $("project-name").textContent = state.project;
  document.title = `${state.project}, ${text} – Daybook`;
  $("period").textContent = text;
  for (const one of $("periods").children) one.setAttribute("aria-pressed", one.dataset.period === state.period);
  $("first").value = iso(days.start);
  $("last").value = iso(state.period || state.last < today() ? Math.max(days.end - 1, days.start) : state.last);
  $("first").max = $("last").max = iso(today());
  const oldest = first !== null && days.start <= first; // no attribute disabled: a key's focus would be lost
  $("earlier").setAttribute("aria-disabled", oldest || move(state, -1, today()) === state);
  $("later").setAttribute("aria-disabled", move(state, 1, today()) === state);
  $("keys").checked = state.keys;
}

function show(days, report) {
  first = report.first;
  outline();
  const views = KPIS.map((kpi) => view(kpi, days, report));
  $("legend").replaceChildren(...notice.legend(days, views[0].comparable, views[0].averaged));
  $("notes").textContent = notice.notes(days, report, today()).join(" ");
  $("cards").hidden = false;
  cards.forEach((one, index) => one.show(views[index]));
}

function later(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(load, milliseconds);
}

/** Asks for what is looked at and shows it, or says why not. */
async function load() {
  clearTimeout(timer);
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking, access = { project: state.project, token: token(state.project) };
  if (!access.token) return signIn();
  const days = span(state, today());
  reveal(true);
  outline();
  $("cards").setAttribute("aria-busy", "true");
  if ($("cards").hidden) say("Reading the numbers …");
  try {
    const report = await ask(access, days, signal);
    if (signal.aborted) return;
    if (days.current && report.today !== null && report.today !== today()) {
      ahead = dayOf(Date.now()) - report.today;
      outline();
      return later(0);
    }
    say(report.first === null ? "No event of this project has come yet." : "");
    show(days, report);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    refused(error);
  }
  $("cards").removeAttribute("aria-busy");
}

function refused(error) {
  const wait = error.status === 429 ? 1000 * (error.wait ?? 60) : null;
  const text = notice.refusal(error, state.project, Date.now() + wait);
  if (wait) later(wait);
  if (error.status === 401 || error.status === 403) signIn(text);
  else say(text, "fault");
}

/** Either the report with its controls, or the form. */
function reveal(report) {
  $("sign-in").hidden = report;
  for (const id of ["actions", "controls", "report"]) $(id).hidden = !report;
}

/** No numbers of one project under the name of another. */
function anew() {
  first = null;
  $("cards").hidden = true;
}

/** Forgets the token, if there is one, and asks for another. */
function signIn(why = "") {
  clearTimeout(timer);
  asking?.abort();
  forget(state.project);
  anew();
  reveal(false);
  $("project-name").textContent = "";
  document.title = "Daybook";
  $("project").value = state.project;
  $("token").value = "";
  say(why, "fault");
  $(state.project ? "token" : "project").focus();
}

/** Begins with the address: at the start, when the reader goes back, when a link with a token is followed. */
function begin() {
  const given = takeFragment(), project = state?.project;
  state = read(location.search);
  if (given) state.project = given;
  if (state.project !== project) anew();
  record();
  cards.forEach((one) => one.open(state.tables.includes(one.kpi.name)));
  load();
}

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const project = $("project").value.trim();
  keep(project, $("token").value.trim());
  state = { ...state, project };
  record();
  load();
});
$("range").addEventListener("submit", (event) => {
  event.preventDefault();
  const from = parse($("first").value), last = parse($("last").value), wrong = mistake(from, last);
  if (wrong) return say(wrong, "fault");
  say("");
  go({ ...state, period: null, first: from, last });
});
$("periods").addEventListener("click", (event) => choose(event.target.dataset.period));
$("earlier").addEventListener("click", () => step("earlier", -1));
$("later").addEventListener("click", () => step("later", 1));
$("refresh").addEventListener("click", load);
$("sign-out").addEventListener("click", () => signIn());
$("keys").addEventListener("change", () => { state = { ...state, keys: $("keys").checked }; record(); });

const choose = (period) => period && go({ ...state, period, first: null, last: null });
const step = (id, direction) => $(id).ariaDisabled !== "true" && go(move(state, direction, today()));

listen(() => state.keys && !$("report").hidden, {
  ...Object.fromEntries(Object.keys(PERIODS).map((period, index) => [index + 1, () => choose(period)])),
  0: () => choose(state.period ?? "4w"),
  ArrowLeft: () => step("earlier", -1),
  ArrowRight: () => step("later", 1),
});

$("cards").append(...cards.map((one) => one.element));
new ResizeObserver(() => cards.forEach((one) => one.resize())).observe($("cards"));
addEventListener("popstate", begin);
addEventListener("hashchange", begin);
begin();
