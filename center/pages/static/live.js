// The stream as a page sees it: handlers by kind, and how old the data are.
import { start, t, fmt, $ } from "./core.js";

const STALE_AFTER_S = 180;
const handlers = new Map();
let health = null;
let heardAt = 0;
let lost = 0;
let wasLost = false;

export function on(kinds, handler) {
  for (const kind of kinds) handlers.set(kind, [...(handlers.get(kind) || []), handler]);
}

function take({ kind, data }) {
  if (kind === "open") {
    if (wasLost) call("back", null);
    lost = 0;
    wasLost = false;
  } else if (kind === "lost") {
    lost ||= Date.now();
    wasLost = true;
  } else if (kind === "health") {
    if (health && health.version !== data.version) call("version", data.version);
    health = data;
    heardAt = Date.now();
  }
  if (kind === "reset") call("back", null);
  call(kind, data);
  show();
}
const call = (kind, data) => { for (const handler of handlers.get(kind) || []) handler(data); };

export function dataAgeS() {
  if (!health || health.data_age_s === null) return null;
  return health.data_age_s + (Date.now() - heardAt) / 1000;
}

function old(age) {
  const held = age > STALE_AFTER_S && health.held_by_partition !== null;
  return t(held ? "data_old.partition" : "data_old", { age: fmt.duration(age * 1000), partition: health.held_by_partition });
}

function show() {
  const box = $("freshness");
  if (!box) return;
  const age = dataAgeS();
  const isFilling = health && health.filling_percent !== null;
  const filling = isFilling ? t("filling", { percent: health.filling_percent }) : "";
  const banner = $("filling");
  banner.hidden = !filling;
  if (banner.textContent !== filling) banner.textContent = filling;
  const stale = lost || (!filling && (age === null || age > STALE_AFTER_S));
  const text = lost ? t("connection_lost", { time: fmt.duration(Date.now() - lost) })
    : isFilling ? t("filling.short", { percent: health.filling_percent }) : (age === null ? (health ? t("no_data") : t("connecting")) : old(age));
  if (box.textContent !== text) box.textContent = text;
  box.classList.toggle("is-stale", Boolean(stale && (health || lost)));
}

const tell = (message) => take(message);
if (typeof SharedWorker === "undefined") {
  import("./stream.js").then(({ connect }) => connect(tell));
} else {
  const worker = new SharedWorker(`${start.static}stream.js`, { type: "module", name: "leimo" });
  worker.port.onmessage = (event) => tell(event.data);
  worker.port.start();
  setInterval(() => worker.port.postMessage("here"), 30000);
  addEventListener("pagehide", () => worker.port.postMessage("bye"));
  addEventListener("pageshow", () => worker.port.postMessage("here"));
}
setInterval(show, 1000);
