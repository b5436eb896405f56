// A client whose types are generated from the description of the notes: reads, saves, loses, fetches again and saves.
//
// What a client could do wrong does not compile: see `@ts-expect-error`.

import createClient from "openapi-fetch";
import type { paths } from "./notes.js";

declare const process: { argv: string[] };

const client = createClient<paths>({ baseUrl: process.argv[2] });
const path = { id: 2000 };

const made = await client.PUT("/notes/{id}", {
  params: { path, header: { "If-None-Match": "*" } },
  body: { title: "Milk", body: "one litre" },
});
check(made.response.status === 201, made.error);

// Two people read the same version, and both save.
const ours = await read();
const theirs = await read();
check((await save(theirs, "two litres")).response.status === 200);

const lost = await save(ours, "three litres");
check(lost.response.status === 412, lost.data);
const failed = lost.error;
if (!failed || !("error" in failed) || failed.error !== "precondition_failed") throw new Error(`not as expected: ${JSON.stringify(failed)}`);
// Every value that `reason` can have is known: another one would not compile.
const reason: "stale" | "weak_tag" | "rewritten_tag" | "other_epoch" | "absent" | "exists" = failed.reason;
check(reason === "stale", failed);
// @ts-expect-error no 412 has this reason
check(failed.reason !== "missing", failed);

// Fetched again, the change is made to what is there now.
const now = await read();
check(now.note.body === "two litres", now);
check((await save(now, `${now.note.body}, and butter`)).response.status === 200);

// A client that has no tag does not compile, and is answered 428.
// @ts-expect-error If-Match is required
const unguarded = await client.DELETE("/notes/{id}", { params: { path } });
check(unguarded.response.status === 428, unguarded.error);
if (unguarded.error && "error" in unguarded.error && unguarded.error.error === "precondition_required") {
  const why: "missing" | "inapplicable" = unguarded.error.reason;
  check(why === "missing", unguarded.error);
}

const last = await read();
const removed = await client.DELETE("/notes/{id}", { params: { path, header: { "If-Match": last.tag } } });
check(removed.response.status === 204, removed.error);
console.log("read, saved, lost, fetched again, saved");

async function read() {
  const { data, error, response } = await client.GET("/notes/{id}", { params: { path } });
  const tag = response.headers.get("etag");
  if (!data || !tag) throw new Error(`no note: ${JSON.stringify(error)}`);
  return { note: data, tag };
}

function save(seen: { tag: string; note: { title: string } }, body: string) {
  const header = { "If-Match": seen.tag };
  return client.PUT("/notes/{id}", { params: { path, header }, body: { title: seen.note.title, body } });
}

function check(holds: boolean, what?: unknown): void {
  if (!holds) throw new Error(`not as expected: ${JSON.stringify(what)}`);
}
