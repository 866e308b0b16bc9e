// One EventSource for all tabs: browsers open six connections to a host, and the seventh tab would wait.
// Runs as a SharedWorker, or inside the page where a browser has none.
const KINDS = ["window", "alert", "action", "trend", "health", "gap", "reset"];
const LONGEST_WAIT_MS = 30000;

export function connect(tell) {
  let source = null;
  let last = "";
  let waitMs = 1000;
  let timer = 0;
  const open = () => {
    clearTimeout(timer);
    source = new EventSource(last ? `/api/stream?last_event_id=${encodeURIComponent(last)}` : "/api/stream");
    source.onopen = () => { waitMs = 1000; tell({ kind: "open" }); };
    source.onerror = () => {
      // A browser tries again by itself after a break, and gives up after a refusal; we never do.
      tell({ kind: "lost" });
      source.close();
      timer = setTimeout(open, waitMs * (0.75 + Math.random() / 2));
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        if (event.lastEventId) last = event.lastEventId;
        let data = null;
        try { data = JSON.parse(event.data); } catch { /* a reset says nothing */ }
        tell({ kind, data });
      });
    }
  };
  open();
  return () => { clearTimeout(timer); source.close(); };
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const ports = new Map();
  const held = new Map();
  let close = null;
  const tell = (message) => {
    if (message.kind === "health" || message.kind === "open" || message.kind === "lost") held.set(message.kind === "health" ? "health" : "state", message);
    for (const port of ports.keys()) port.postMessage(message);
  };
  self.onconnect = (event) => {
    const port = event.ports[0];
    ports.set(port, Date.now());
    for (const message of held.values()) port.postMessage(message);
    port.onmessage = (message) => {
      if (message.data === "bye") ports.delete(port);
      else ports.set(port, Date.now());
    };
    close ??= connect(tell);
  };
  // Tabs that crashed say no bye.
  setInterval(() => { for (const [port, seen] of ports) if (Date.now() - seen > 120000) ports.delete(port); }, 30000);
}
