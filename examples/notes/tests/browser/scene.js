// What every test begins with: a browser, the service without a note, and people who come and leave.
//
// NOTES is the URL of a running service whose notes may be deleted, BROWSER what ../browser.rs calls the browser, and
// EXECUTABLE where it is.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { HIDDEN, launch } from "./browsers.js";
import { Person } from "./person.js";
import { Wire } from "./wire.js";

const { NOTES, EXECUTABLE } = process.env;

export let wire;
let browser;
let people = [];

before(async () => {
  browser = await launch(EXECUTABLE);
  wire = await Wire.before(NOTES, HIDDEN);
});

after(async () => {
  await browser?.close();
  wire?.close();
});

beforeEach(async () => {
  await empty();
  wire.forget();
});

afterEach(async () => {
  const leaving = people.map((person) => person.leaves());
  people = [];
  await Promise.all(leaving);
});

export async function person(hash, options) {
  const someone = await Person.at(wire.url, browser, options);
  people.push(someone);
  return someone.opens(hash);
}

export const two = (hash) => Promise.all([person(hash), person(hash)]);

// Straight to the service, past the page.
export async function empty() {
  const notes = await (await fetch(`${NOTES}notes`)).json();
  await Promise.all(notes.map(({ id }) => remove(id)));
}

export async function put(id, note, condition = { "If-Match": "*" }) {
  const response = await fetch(`${NOTES}notes/${id}`, { method: "PUT", headers: condition, body: JSON.stringify(note) });
  assert.ok(response.ok, `${response.status}`);
}

export const create = (id, note) => put(id, note, { "If-None-Match": "*" });
export const read = (id) => fetch(`${NOTES}notes/${id}`);
export const stored = async (id) => (await read(id)).json();
export const remove = (id) => fetch(`${NOTES}notes/${id}`, { method: "DELETE", headers: { "If-Match": "*" } });

export const PICNIC = { title: "Picnic", body: "Bread\nCheese\nApples\n\nMeet at noon" };
export const edited = (...pairs) => pairs.reduce((text, [from, to]) => text.replace(from, to), PICNIC.body);
