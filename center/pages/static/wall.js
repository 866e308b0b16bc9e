// Keeps the wall's picture new, turns through the groups, keeps the screen awake, and goes on for weeks.
import { $, start, t, zone } from "./core.js";
import { on } from "./live.js";

const REDRAW_MS = 5000;
const TURN_MS = 30000;
const SHIFT_MS = 60000;
const STALE_MS = 60000;
const RELOAD_MS = 24 * 3600e3;
const picture = $("picture");
const search = new URLSearchParams(location.search);
const fixed = search.get("group");
let groups = ["", ...start.groups];
let at = 0;
let hold = false;
let drawnAt = Date.now();
let drawing = false;
let wanted = false;

const group = () => (fixed !== null ? fixed : groups[at % Math.max(groups.length, 1)] || "");
async function draw() {
  if (drawing) { wanted = true; return; }
  drawing = true;
  const query = new URLSearchParams({ w: picture.clientWidth, h: picture.clientHeight, group: group(), tz: zone, lang: document.documentElement.lang.slice(0, 2) });
  const aborts = new AbortController();
  const timer = setTimeout(() => aborts.abort(), 20000);
  try {
    const answer = await fetch(`/wall/picture?${query}`, { signal: aborts.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    groups = ["", ...(answer.headers.get("x-leimo-groups") || "").split(",").filter(Boolean).map(decodeURIComponent)];
    // Drawn by our own server with all text escaped; parsed as XML, so no script of it would ever run.
    const svg = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
    if (svg.tagName !== "svg") throw new Error("no picture");
    picture.replaceChildren(document.importNode(svg, true));
    drawnAt = Date.now();
  } catch { old(); } finally {
    clearTimeout(timer);
    drawing = false;
    if (wanted) { wanted = false; draw(); }
  }
}
function old() {
  const age = Date.now() - drawnAt;
  if (age < STALE_MS) return;
  let box = $("old");
  if (!box) {
    box = document.createElement("p");
    box.id = "old";
    box.className = "notice is-wrong wall-old";
    box.setAttribute("role", "alert");
    document.body.append(box);
  }
  box.textContent = t("wall.old", { age: t("unit.s", { n: Math.round(age / 1000) }) });
}
let last = 0;
function soon() {
  const wait = Math.max(0, 1000 - (Date.now() - last));
  clearTimeout(soon.timer);
  soon.timer = setTimeout(() => { last = Date.now(); draw(); }, wait);
}
on(["alert", "action", "gap", "back", "window"], soon);
on(["version"], () => location.reload());
setInterval(() => { if (Date.now() - drawnAt > STALE_MS) old(); else $("old")?.remove(); draw(); }, REDRAW_MS);
setInterval(() => { if (!hold && fixed === null && groups.length > 1) { at = (at + 1) % groups.length; draw(); } }, TURN_MS);
let shift = 0;
setInterval(() => { $("wall").className = `wall shift-${(shift = (shift + 1) % 4)}`; }, SHIFT_MS);
// A browser that runs for weeks is given a fresh page a day, when the center answers.
setInterval(async () => { try { if ((await fetch("/api/health")).ok) location.reload(); } catch { /* later */ } }, RELOAD_MS);
addEventListener("resize", soon);

let lock = null;
async function awake() {
  try { lock = await navigator.wakeLock?.request("screen"); } catch { lock = null; }
}
awake();
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") { if (!lock || lock.released) awake(); draw(); } });

$("hold").addEventListener("click", () => { hold = !hold; $("hold").setAttribute("aria-pressed", String(hold)); });
$("full").addEventListener("click", full);
function full() { if (document.fullscreenElement) document.exitFullscreen(); else document.documentElement.requestFullscreen?.().catch(() => {}); }
addEventListener("keydown", (event) => {
  if (event.key === "f") full();
  if (event.key === " ") { event.preventDefault(); $("hold").click(); }
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") { at = (at + (event.key === "ArrowRight" ? 1 : -1) + groups.length) % Math.max(groups.length, 1); draw(); }
});
let still = 0;
function moved() {
  document.body.classList.add("is-moving");
  document.body.classList.remove("is-still");
  clearTimeout(still);
  still = setTimeout(() => { document.body.classList.remove("is-moving"); document.body.classList.add("is-still"); }, 3000);
}
addEventListener("pointermove", moved);
addEventListener("keydown", moved);
moved();
draw();
