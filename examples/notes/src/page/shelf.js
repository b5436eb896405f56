// The list of all notes.

import { h, titleOf } from "./dom.js";
import * as drafts from "./drafts.js";
import * as http from "./http.js";
import { NEW } from "./note.js";

let notes = [];

document.getElementById("look").addEventListener("click", refresh);

export async function refresh() {
  const answer = await http.read("/notes");
  if (answer.ok) notes = answer.json;
  await show(answer.ok);
}

// A number that nobody has, as far as this tab knows.
export function freeId() {
  return String(Math.max(0, ...notes.map((note) => note.id)) + 1);
}

export async function show(isRead = true) {
  const drafted = await drafts.keys();
  const items = notes.map((note) => item(`#/notes/${note.id}`, note, drafted.has(String(note.id))));
  if (drafted.has(NEW)) items.push(item("#/new", { title: "A new note", body: "" }, true));
  document.getElementById("shelf").replaceChildren(
    isRead ? "" : h("p", { class: "hint" }, "The list could not be read."),
    items.length > 0 ? h("ul", {}, items) : h("p", { class: "hint" }, "No notes yet."));
}

function item(href, note, isDrafted) {
  const here = location.hash === href ? "page" : null;
  return h("li", {},
    h("a", { href, "aria-current": here },
      h("span", { class: "item-title" }, titleOf(note)),
      h("span", { class: "item-line" }, note.body.split("\n", 1)[0] || " "),
      isDrafted && h("span", { class: "chip chip-draft" }, "draft")));
}
