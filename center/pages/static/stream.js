// One EventSource for all tabs: browsers open six connections to a host, and the seventh tab would wait.
// Runs as a SharedWorker, or inside the page where a browser has none.
const KINDS = ["window", "alert", "action", "trend", "health", "gap", "reset"];
const LONGEST_WAIT_MS = 30000;

export function connect(tell) {
  let source = null;
  let waitMs = 1000;
  let timer = 0;
  let refused = false;
  const open = () => {
    clearTimeout(timer);
    source = new EventSource("/api/stream");
    source.onopen = () => {
      waitMs = 1000;
      tell({ kind: "open" });
      if (refused) tell({ kind: "reset", data: null });
      refused = false;
    };
    source.onerror = () => {
      tell({ kind: "lost" });
      // After a break a browser comes back by itself, and says what it heard last. After a refusal it
      // gives up; we never do.
      if (source.readyState !== EventSource.CLOSED) return;
      refused = true;
      timer = setTimeout(open, waitMs * (0.75 + Math.random() / 2));
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
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
