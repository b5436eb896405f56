// Which view is on: the list alone, one note, or a new one.

import { entitle, h, say } from "./dom.js";
import { edit } from "./editor.js";
import * as http from "./http.js";
import { NEW, Note } from "./note.js";
import * as shelf from "./shelf.js";

// How long after an outage the server is asked again, in milliseconds.
const AGAIN = 5_000;

// How long and how far apart two clicks are one double click at most, in milliseconds and pixels.
const DOUBLE = { time: 500, distance: 8 };

const main = document.getElementById("main");
let current = 0;
let hasShown = false;
// What is done when the window is looked at again.
let look = null;

// What a view draws on. A view that was left draws no more, whatever it still waits for.
function stage() {
  const mine = ++current;
  const isCurrent = () => mine === current;
  return {
    isCurrent,
    show(view) {
      if (!isCurrent() || view.isConnected) return;
      main.replaceChildren(view);
      entitle();
      // Scrolls to the change if it is out of view, but not when the page is first shown.
      if (hasShown) view.querySelector("h1").focus();
      hasShown = true;
    },
    onLook(then) {
      if (isCurrent()) look = then;
    },
  };
}

async function route() {
  const here = stage();
  look = null;
  const [, id] = location.hash.match(/^#\/notes\/([1-9]\d*)$/) ?? [];
  const isNew = location.hash === "#/new";
  document.body.dataset.view = id || isNew ? "note" : "list";
  const listed = shelf.refresh();
  if (id) return edit(here, new Note(id));
  if (!isNew) return here.show(welcome());
  await listed;
  return edit(here, new Note(await shelf.freeId(), { key: NEW }));
}

function welcome() {
  return h("article", { class: "welcome" },
    h("h1", { tabindex: "-1" }, "Two people, one note"),
    h("p", { class: "lead" }, "Two people read the same note. Both change it, both save. Usually the second one wipes out the first, and nobody is told. Here the second save is refused, and both texts are put side by side."),
    h("ol", { class: "steps" },
      h("li", {}, h("b", {}, "Open this page twice,"), " in two windows, and open the same note in both."),
      h("li", {}, h("b", {}, "Change it in both,"), " and save in one."),
      h("li", {}, h("b", {}, "Save in the other."), " It is refused; merge the two and save again."),
      h("li", {}, h("b", {}, "Watch the requests below:"), " each save names the version it was made from, each read asks for news only.")),
    h("p", {}, h("a", { class: "button button-primary", href: "#/new" }, "Write a note")));
}

// Saves, or does what comes closest to it in this view. Nowhere does the browser save the page instead.
addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  if (isAsking()) return;
  const save = main.querySelector("[aria-keyshortcuts]");
  if (save) save.click();
  else say("There is nothing to save here.");
});

// The second half of a double click is not meant for a view that has come under the pointer meanwhile.
let last = { at: 0 };
addEventListener("click", (event) => {
  const click = { at: Date.now(), x: event.clientX, y: event.clientY, view: main.firstElementChild };
  const isSecond = event.detail > 0 && click.at - last.at < DOUBLE.time && Math.hypot(click.x - last.x, click.y - last.y) < DOUBLE.distance;
  if (isSecond && click.view !== last.view) {
    event.preventDefault();
    event.stopPropagation();
  } else {
    last = click;
  }
}, { capture: true });

// Somebody may have saved while another window was in front.
async function lookAgain() {
  if (document.visibilityState === "hidden" || isAsking()) return;
  await look?.();
  // After the note, so that the list is never older.
  await shelf.refresh();
}

// After an outage: asks for the list until there is an answer, and then for the note.
let waiting;
addEventListener("outage", () => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => { if (await shelf.refresh()) look?.(); }, AGAIN);
});

// A question is answered about the note as it was asked.
function isAsking() {
  return document.querySelector("dialog[open]") !== null;
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById("look").addEventListener("click", lookAgain);
addEventListener("focus", lookAgain);
document.addEventListener("visibilitychange", lookAgain);
http.onWriteElsewhere(lookAgain);
// Another tab has kept a draft, or dropped one.
addEventListener("storage", () => shelf.show());
addEventListener("hashchange", route);
await route();
