// The list of all notes.

import { h, titleOf } from "./dom.js";
import * as drafts from "./drafts.js";
import * as http from "./http.js";
import { NEW } from "./note.js";

// More of a first line never fits.
const LINE = 200;

const shelf = document.getElementById("shelf");
let notes = [];
let isRead = true;
let shown = null;
// The note that has been brought into view.
let open = null;

// The answer: whether the list could be read.
export async function refresh() {
  const answer = await http.read("/notes");
  if (answer.ok) notes = answer.json;
  isRead = answer.ok;
  await show();
  return isRead;
}

// A number that no note has as far as this tab knows, nor a draft of a note that was deleted.
export async function freeId() {
  const drafted = [...(await drafts.listed()).keys()].filter((key) => key !== NEW);
  return String(Math.max(0, ...notes.map((note) => note.id), ...drafted) + 1);
}

export async function show() {
  const drafted = await drafts.listed();
  const items = notes.map((note) => item(`#/notes/${note.id}`, note, drafted.get(String(note.id))?.isInReach));
  items.push(...unstored(drafted));
  const state = JSON.stringify([isRead, location.hash, items]);
  if (state !== shown) draw(items);
  shown = state;
}

// What was written, and is not among the notes of the server: a new note, and one that somebody deleted meanwhile.
function unstored(drafted) {
  const stored = new Set(notes.map((note) => String(note.id)));
  const left = [...drafted].filter(([key, { isInReach }]) => !stored.has(key) && (isInReach || key !== NEW));
  return left.map(([key, { draft: { mine }, isInReach }]) => {
    if (key === NEW) return item("#/new", { ...mine, title: mine.title.trim() || "A new note" }, true);
    const place = isInReach ? "in this browser" : "in another tab";
    return { ...item(`#/notes/${key}`, mine, true), ...(isRead && { line: `Not on the server: kept ${place}` }) };
  });
}

function item(href, note, isDrafted) {
  return { href, title: titleOf(note), line: note.body.slice(0, LINE).split("\n", 1)[0], isDrafted };
}

// The focus stays on its item, and the open note comes into view.
function draw(items) {
  const focused = shelf.contains(document.activeElement) && document.activeElement.getAttribute("href");
  shelf.replaceChildren(
    isRead ? "" : h("p", { class: "hint" }, "The list could not be read."),
    items.length > 0 ? h("ul", {}, items.map(link)) : h("p", { class: "hint" }, "No notes yet."));
  if (focused) (linkTo(focused) ?? document.getElementById("look")).focus({ preventScroll: true });
  const here = linkTo(location.hash);
  if (open !== location.hash) here?.scrollIntoView({ block: "nearest" });
  if (here) open = location.hash;
}

function linkTo(href) {
  return [...shelf.querySelectorAll("a")].find((link) => link.getAttribute("href") === href);
}

function link({ href, title, line, isDrafted }) {
  return h("li", {},
    h("a", { href, "aria-current": location.hash === href && "page" },
      h("span", { class: "item-title", dir: "auto" }, title),
      isDrafted && h("span", { class: "chip chip-draft" }, "draft"),
      h("span", { class: "item-line", dir: "auto" }, line || "\u00a0")));
}
