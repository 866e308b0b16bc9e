// What all modules share: texts, elements without markup from strings, the API, figures, time, address.
const boot = JSON.parse(document.getElementById("boot").textContent);
export const { lang, csrf, role, who } = boot;
export const start = boot;
export const zone = validZone(boot.zone) || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
export const reasonOf = (alert) => (lang === "zh" && alert.reason_zh) || alert.reason;
const locale = lang === "zh" ? "zh-CN" : "en-GB";

function validZone(name) {
  try { return name && Intl.DateTimeFormat("en", { timeZone: name }) ? name : ""; } catch { return ""; }
}

// Texts
export function t(key, values = {}) {
  const text = boot.texts[key];
  if (text === undefined) return key;
  // "{n|post|posts}": which of the two depends on the count.
  const agreeing = text.replace(/\{(\w+)\|([^|{}]*)\|([^|{}]*)\}/g, (whole, name, one, many) => (/^[+−]?1$/.test(String(values[name])) ? one : many));
  return agreeing.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
/** As the first word of a label. */
export const upper = (text) => text.charAt(0).toLocaleUpperCase(lang) + text.slice(1);
export const has = (key) => key in boot.texts;
export const named = (prefix, value) => (has(`${prefix}.${value}`) ? t(`${prefix}.${value}`) : value);

// Elements: strings become text nodes, never markup.
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(3)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}
export const $ = (id) => document.getElementById(id);

// Text of strangers: without what reorders or hides other text on the page.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb]/g;
export function plain(text, most = 4000) {
  const shown = text.replace(HIDDEN, "");
  return shown.length > most ? `${shown.slice(0, most)}…` : shown;
}
export function outside(url, ...children) {
  if (!/^https?:\/\//i.test(url || "")) return h("span", {}, ...children);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

// API
export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || String(status));
    this.problem = problem;
    this.status = status;
  }
}
export function query(values) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, one);
  }
  return search.toString();
}
export const apiUrl = (path, values = {}) => {
  const search = query(values);
  return `/api/${path}${search ? `?${search}` : ""}`;
};
export async function get(path, values = {}, signal = undefined) {
  const answer = await fetch(apiUrl(path, values), { signal, headers: { accept: "application/json" } });
  return taken(answer);
}
export async function send(method, path, body = undefined) {
  const headers = { "x-csrf-token": csrf, accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  return taken(await fetch(`/api/${path}`, { method, headers, body: body && JSON.stringify(body) }));
}
async function taken(answer) {
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  let problem = {};
  try { problem = await answer.json(); } catch { /* a proxy's page */ }
  throw new Refused(problem, answer.status);
}

// Figures
const LEAST_USUAL = 1;
const MOST_TIMES = 100;
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
// English writes "6.1M": a small m would be a thousandth.
const short = new Intl.NumberFormat(lang === "zh" ? locale : "en", { notation: "compact", maximumFractionDigits: 1 });
const small = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
export const fmt = {
  count: (value) => (value === null || value === undefined ? "–" : Math.abs(value) < 100000 ? whole.format(value) : short.format(value)),
  amount: (value) => (value === null || value === undefined ? "–" : Math.abs(value) >= 10 ? fmt.count(value) : small.format(value)),
  signed: (value) => (value === null || value === undefined ? "–" : `${Math.round(value) > 0 ? "+" : Math.round(value) < 0 ? "−" : ""}${whole.format(Math.abs(Math.round(value)))}`),
  percent: (value) => (value === null || value === undefined ? "–" : `${fmt.amount(value)}\u00a0%`),
  share: (value) => (value === null || value === undefined ? "–" : `${small.format(100 * value)}\u00a0%`),
  /** How many times the usual: nothing beside a usual of less than a post, and no more than it can mean. */
  times: (seen, usual) => (!(usual >= LEAST_USUAL) ? "–" : seen / usual > MOST_TIMES ? `>\u00a0×${MOST_TIMES}` : `×${fmt.amount(seen / usual)}`),
  clock: (ms) => format("clock", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms),
  time: (ms) => format("time", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms),
  full: (ms) => format("full", { dateStyle: "medium", timeStyle: "medium" }).format(ms),
  date: (ms) => format("date", { month: "short", day: "numeric" }).format(ms),
  weekday: (ms) => format("weekday", { weekday: "short" }).format(ms),
  duration: (ms) => {
    const seconds = Math.max(0, ms / 1000);
    if (seconds < 120) return t("unit.s", { n: Math.round(seconds) });
    if (seconds < 7200) return t("unit.min", { n: Math.round(seconds / 60) });
    if (seconds < 172800) return t("unit.h", { n: Math.round(seconds / 3600) });
    return t("unit.d", { n: Math.round(seconds / 86400) });
  },
  ago: (ms) => t("ago", { time: fmt.duration(Date.now() - ms) }),
};
const formats = {};
function format(name, options) {
  return (formats[name] ??= new Intl.DateTimeFormat(locale, { timeZone: zone, ...options }));
}
export const moodClass = (value) => (value === null || Math.round(value) === 0 ? "quiet" : value > 0 ? "positive" : "negative");
export function mood(value, extra = "") {
  return h("span", { class: `number ${moodClass(value)} ${extra}` }, fmt.signed(value));
}
export function severity(value) {
  const weight = value >= 8 ? " is-top" : value >= 5 ? " is-high" : "";
  return h("span", { class: `severity${weight}`, title: t("severity", { n: value }), "aria-label": t("severity", { n: value }) }, String(value));
}
export function when(ms) {
  return h("time", { datetime: new Date(ms).toISOString(), title: fmt.full(ms) }, fmt.time(ms));
}

// The address holds the state of a page
export function addressState(defaults) {
  const search = new URLSearchParams(location.search);
  const state = { ...defaults };
  for (const [name, value] of search) state[name] = value;
  return state;
}
export function keepInAddress(state, defaults, { replace = false } = {}) {
  const kept = Object.fromEntries(Object.entries(state).filter(([name, value]) => value && value !== defaults[name]));
  const search = query(kept);
  const url = location.pathname + (search ? `?${search}` : "");
  if (url === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
}

// Ranges
export const RANGES = { "1h": 3600e3, "6h": 6 * 3600e3, "24h": 86400e3, "7d": 7 * 86400e3, "30d": 30 * 86400e3 };
export function spanOf(state, nowMs) {
  if (state.from && state.to) return { from: Number(state.from), to: Number(state.to) };
  const to = Math.floor(nowMs / 60000) * 60000;
  return { from: to - (RANGES[state.range] || RANGES["24h"]), to };
}
export function stepOf({ from, to }) {
  const hours = (to - from) / 3600e3;
  if (hours <= 6) return "1m";
  if (hours <= 26) return "5m";
  if (hours <= 80) return "15m";
  return hours <= 24 * 45 ? "1h" : "1d";
}
/** Where ranges end: now, or where the data end when they are of another day (a replay). */
export function edgeOf(health) {
  return health.data_age_s !== null && health.data_age_s > 86400 ? Date.now() - health.data_age_s * 1000 : Date.now();
}
export function rangeChoice(state, changed) {
  const custom = Boolean(state.from && state.to);
  return h("div", { class: "choice", role: "group", "aria-label": t("range") },
    Object.keys(RANGES).map((range) => h("button", {
      "aria-pressed": String(!custom && state.range === range), onclick: () => changed(range),
    }, t(`range.${range}`))),
    custom && h("button", { "aria-pressed": "true", onclick: () => changed("24h"), title: t("range.leave") },
      `${fmt.time(Number(state.from))} – ${fmt.time(Number(state.to))} ×`));
}

// Small drawings
export function barOf(value, most, kind = "bar") {
  const width = value > 0 && most > 0 ? Math.max(1, Math.round((100 * value) / most)) : 0;
  return s("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "bar-back", width: 100, height: 6, rx: 3 }), s("rect", { class: kind, width, height: 6, rx: 3 }));
}
export function moodBar(positive, neutral, negative) {
  const all = positive + neutral + negative || 1;
  const [a, b] = [(100 * positive) / all, (100 * neutral) / all];
  return s("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": t("mood.parts", { positive, neutral, negative }) },
    s("rect", { class: "bar-back", width: 100, height: 6 }), s("rect", { class: "bar-positive", width: a, height: 6 }),
    s("rect", { class: "bar-negative", x: a + b, width: 100 - a - b, height: 6 }));
}
export function ranked(items, { name, value, shown, act, kind = "bar", none = "nothing" }) {
  if (!items.length) return h("p", { class: "empty" }, t(none));
  const most = Math.max(...items.map(value), 1);
  return h("div", { class: "ranked" }, items.map((item) => [
    act ? h("button", { class: "name", onclick: () => act(item), title: name(item) }, name(item)) : h("span", { class: "name", title: name(item) }, name(item)),
    barOf(value(item), most, kind), h("span", { class: "number small" }, shown ? shown(item) : fmt.count(value(item))),
  ]));
}
export function card(title, width, ...children) {
  return h("section", { class: `card ${width}` }, h("header", {}, h("h2", {}, title), children.find((c) => c?.classList?.contains("aside"))),
    children.filter((c) => !c?.classList?.contains("aside")));
}
export const aside = (...children) => h("div", { class: "aside quiet small" }, ...children);
export function figure(label, value, { note, href, act, kind = "" } = {}) {
  const shown = href ? h("a", { href, onclick: act && ((event) => { event.preventDefault(); act(); }) }, value) : value;
  return h("div", { class: "figure" }, h("dt", {}, label), h("dd", { class: kind }, shown), note !== undefined && h("dd", { class: "note" }, note));
}

// Telling
let toastTimer = 0;
export function toast(text, isWrong = false) {
  const box = $("toast");
  box.textContent = text;
  box.classList.toggle("is-wrong", isWrong);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, isWrong ? 8000 : 4000);
}
export async function tried(work) {
  try { return await work(); } catch (error) {
    if (error.name === "AbortError") return undefined;
    toast(error instanceof Refused ? error.message : t("offline"), true);
    return undefined;
  }
}
export function trouble(error) {
  return h("p", { class: "notice is-wrong", role: "alert" }, error instanceof Refused ? error.message : t("offline"));
}
/** Asks with a dialog; resolves to the form's values, or null. */
export function ask(title, fields, confirm = t("do")) {
  return new Promise((resolve) => {
    const form = h("form", { method: "dialog" }, h("h3", {}, title), fields,
      h("div", { class: "tools" }, h("button", { type: "button", onclick: () => dialog.close() }, t("cancel")), h("button", { class: "first", value: "yes" }, confirm)));
    const dialog = h("dialog", { "aria-label": title }, form);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? Object.fromEntries(new FormData(form)) : null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
export const field = (label, control) => h("label", { class: "field" }, h("span", {}, label), control);
export const may = (needed) => ["viewer", "operator", "admin"].indexOf(role) >= ["viewer", "operator", "admin"].indexOf(needed);
/** Runs `work` at most once a span, and once more after the last call. */
export function calmly(work, everyMs) {
  let timer = 0;
  return () => { if (!timer) timer = setTimeout(() => { timer = 0; work(); }, everyMs); };
}
