// "What just happened": the last requests, so that the mechanism can be watched.

import { h } from "./dom.js";

const SHOWN = 8;

const REFUSED = {
  stale: "Refused: somebody has saved since. Nothing was overwritten.",
  absent: "Refused: the note is gone. Nothing was brought back by accident.",
  exists: "Refused: somebody was first. Nothing was overwritten.",
};

const MEANINGS = {
  0: "No answer.",
  201: "Created.",
  204: "Deleted.",
  404: "There is no such note.",
  428: "Refused: the request did not say which version it changes.",
  503: "Not now: the server could not do it, or could not check the version.",
};

export function record(exchange) {
  const wire = document.getElementById("wire");
  const happened = row(exchange);
  // The same once more, as in an outage, does not push out what was before.
  if (wire.firstElementChild?.textContent === happened.textContent && exchange.status === 0) wire.firstElementChild.remove();
  wire.prepend(happened);
  while (wire.children.length > SHOWN) wire.lastElementChild.remove();
}

function row(exchange) {
  const { method, path, status, tag, json } = exchange;
  const conditions = Object.entries(exchange.conditions);
  const reason = status >= 400 && json?.reason;
  return h("li", { class: `exchange exchange-${Math.floor(status / 100)}` },
    h("span", { class: "request" }, h("b", {}, method), " ", path),
    h("span", { class: "conditions" },
      conditions.map(([name, value]) => h("code", {}, `${name}: ${value}`)),
      conditions.length === 0 && h("span", { class: "none" }, "no condition")),
    h("span", { class: "answer" },
      h("b", { class: "status" }, status || "—"),
      reason && h("code", {}, reason),
      tag && status !== 304 && h("code", {}, `ETag: ${tag}`)),
    h("span", { class: "meaning" }, meaning(exchange)));
}

function meaning({ method, path, conditions, status, json, sizeOfCopy }) {
  if (status === 304) return `Nothing new: the copy in this tab is current, and its ${bytes(sizeOfCopy)} were not sent again.`;
  if (status === 412) return REFUSED[json?.reason] ?? "Refused: the condition does not hold.";
  if (status === 200 && path === "/merge") return "Compared line by line; nothing stored.";
  if (status === 200 && method === "PUT") return "Saved over the version that was named.";
  if (status === 200) return conditions["If-None-Match"] ? "Something new." : "Read, with its version.";
  return MEANINGS[status] ?? json?.detail ?? "";
}

function bytes(size) {
  return size === 1 ? "1 byte" : `${size.toLocaleString("en")} bytes`;
}
