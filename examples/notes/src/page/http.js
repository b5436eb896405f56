// The requests of this page. An entity tag is opaque: it is kept and sent back exactly as it was received.

import { record } from "./wire.js";

const COPY = "notes:copy:";
const PATIENCE = 20_000;

// Tells the other tabs of this browser that something was saved or deleted.
const writes = new BroadcastChannel("notes:written");

export function onWriteElsewhere(then) {
  writes.onmessage = then;
}

// Reads, and asks whether the copy that this tab already has is still current.
export async function read(path) {
  const copy = JSON.parse(sessionStorage.getItem(COPY + path));
  const answer = await send("GET", path, copy ? { "If-None-Match": copy.tag } : {}, undefined, copy?.size);
  if (answer.status === 304) return { ...answer, ok: true, tag: copy.tag, json: copy.json };
  if (answer.ok) keepCopy(path, { tag: answer.tag, json: answer.json, size: answer.size });
  if (answer.status === 404) sessionStorage.removeItem(COPY + path);
  return answer;
}

// Only if nobody has created it.
export function create(path, note) {
  return send("PUT", path, { "If-None-Match": "*" }, note);
}

// Only over the version that was read.
export function save(path, note, tag) {
  return send("PUT", path, { "If-Match": tag }, note);
}

export function remove(path, tag) {
  return send("DELETE", path, { "If-Match": tag });
}

export function merge(base, theirs, mine) {
  return send("POST", "/merge", {}, { base, theirs, mine });
}

async function send(method, path, conditions, content, sizeOfCopy) {
  const answer = await ask(method, path, conditions, content);
  record({ method, path, conditions, sizeOfCopy, ...answer });
  if (answer.ok && (method === "PUT" || method === "DELETE")) writes.postMessage(path);
  if (answer.status === 0) dispatchEvent(new Event("outage"));
  return answer;
}

async function ask(method, path, conditions, content) {
  const headers = content ? { ...conditions, "Content-Type": "application/json" } : conditions;
  const body = content && JSON.stringify(content);
  try {
    // The browser's own cache stays out of it: what is shown is what went over the wire.
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(path, { method, headers, body, signal, cache: "no-store" });
    const { status, ok } = response;
    const tag = response.headers.get("ETag");
    const retryAfter = response.headers.get("Retry-After");
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { status, ok, tag, retryAfter, size: bytes.length, json: parsed(new TextDecoder().decode(bytes)) };
  } catch {
    return { status: 0, ok: false, tag: null, retryAfter: null, json: null };
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function keepCopy(path, copy) {
  if (!copy.tag) return;
  try {
    sessionStorage.setItem(COPY + path, JSON.stringify(copy));
  } catch {
    // No room: without a copy the next read is not conditional, and no less right.
    sessionStorage.removeItem(COPY + path);
  }
}
