// What is shown in place of the form when a note is not as the person knew it: what happened, the texts, and what can be
// done. `then` says what to do.

import { back, button, h, lines, named, ofNote, saving } from "./dom.js";
import { plainly } from "./words.js";

// Somebody has created a note of the number that was free when the person began to write, or when the note was deleted.
export function taken(note, theirs, then) {
  const what = note.isNew ? `While you were writing, somebody created note ${note.id}.` : "Somebody has put this note back already, with another text.";
  return message(note, "Somebody was first", `${what} Theirs is stored, yours is here.`,
    [text("Theirs", theirs.text), text("Mine", note.mine)],
    saving(button("Save mine as a note of its own", then.saveAsNew, "button-primary")),
    button("Merge the two", then.merge),
    button("Keep only theirs", then.keepTheirs, "button-theirs"));
}

export function deleted(note, then) {
  return message(note, "Deleted meanwhile",
    "Somebody deleted this note while you were editing it. Your text is still here.",
    [text("Mine", note.mine)],
    saving(button("Put it back with my text", then.putBack, "button-primary")),
    button("Throw my text away", then.throwAway));
}

export function changed(note, theirs, then) {
  return message(note, "Changed since you read it",
    "Somebody has saved a newer version, so nothing was deleted. This is the note as it is now.",
    [text("Theirs", theirs.text)],
    button("Delete this version", then.remove, "button-danger"),
    button("Keep the note", then.keep));
}

export function removed(note, then) {
  return message(note, "Deleted", ["“", named(note.start), "” is gone."], [], button("Put it back", then.putBack));
}

export function missing() {
  return message(null, "There is no such note", "Somebody has deleted it, or it was never written.", [],
    h("a", { class: "button", href: "#/new" }, "Write a note"));
}

// Another tab has the draft open: both may go on with it, and neither takes it from the other.
export function elsewhere(draft, then) {
  return message(draft, "Not on the server any more",
    "Somebody has deleted this note. What was typed and not saved is in another tab of this browser.",
    [text("Mine", draft.mine)],
    button("Go on with a copy here", then.goOn, "button-primary"));
}

export function unread(answer, then) {
  return message(null, ...plainly(answer), [], button("Try again", then.again));
}

function message(note, title, words, texts, ...actions) {
  return h("article", { class: "message" },
    back(),
    note && ofNote(note),
    h("h1", { tabindex: "-1" }, title), h("p", { class: "lead" }, words),
    texts.length > 0 && h("div", { class: "sides" }, texts),
    h("div", { class: "actions" }, actions));
}

function text(whose, { title, body }) {
  return h("section", { class: `side side-${whose.toLowerCase()}` },
    h("h2", { class: "side-head" }, whose),
    lines("b", {}, title || "Untitled"), lines("div", {}, body));
}
