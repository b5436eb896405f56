// One note on the screen: its text, the version it was made from, and what to do when the server says no.

import { conflict } from "./conflict.js";
import { ask, button, named, notice, progress, say } from "./dom.js";
import { Form } from "./form.js";
import { undecided } from "./marks.js";
import * as messages from "./messages.js";
import * as shelf from "./shelf.js";
import { withText } from "./words.js";

const DONE = {
  saved: ["Saved.", ""],
  updated: ["There was a newer version.", "This is it."],
  unwritten: ["Not on the server yet.", "Save to create it."],
  already: ["Nothing left to save.", "The note already says exactly this."],
  overtaken: ["Saved, and changed again since.", "This is the newest version."],
};

const PUT_BACK_ALREADY = ["Somebody has put it back already.", "It says exactly this."];
const SAVED_UNSEEN = ["Saved, but not read back.", "Check for changes before you go on editing."];

export async function edit(stage, note) {
  const editor = new Editor(stage, note);
  stage.onLook(() => editor.look());
  editor.opened(await note.open());
  if (note.isNew && stage.isCurrent()) document.getElementById("title").focus();
}

class Editor {
  #stage;
  #note;
  #form;
  #address = location.hash;
  #isBusy = false;
  // A tag that was refused: nothing more is saved by itself over it.
  #refused;
  // What the person has been told of: the tag of a newer version, or that there is none any more.
  #told = null;
  // Whether the last that was said is that the server did not answer as it should.
  #isOut = false;
  // How many requests of the person there were.
  #requests = 0;

  constructor(stage, note) {
    this.#stage = stage;
    this.#note = note;
    this.#form = new Form(note, {
      save: () => this.#save(),
      autosave: () => this.#autosave(),
      check: () => this.#check(),
      discard: () => this.#discard(),
      remove: () => this.#askToRemove(),
      drafted: () => shelf.show(),
    });
  }

  opened(outcome) {
    this.#isOut = false;
    const isUnread = this.#note.base === null && !this.#note.isDirty && !this.#note.isNew;
    if (outcome.kind === "deleted" && isUnread) return this.#showMissing();
    if (outcome.kind === "trouble" && isUnread) return this.#showUnread(outcome);
    if (outcome.kind === "conflict") return this.#showConflictOrBehind(outcome.theirs);
    if (outcome.kind === "updated") return this.#showForm();
    return this.#show(outcome);
  }

  // The window is looked at again. What this finds is shown, unless the person has gone on meanwhile.
  async look() {
    if (this.#isBusy || !(this.#note.tag || this.#isOut)) return;
    const [requests, view] = [this.#requests, this.#view()];
    const now = await this.#note.look();
    if (requests !== this.#requests || view !== this.#view() || document.querySelector("dialog[open]")) return;
    if (view === this.#form.element) this.#seenBehindForm(now);
    else if (view?.matches(".conflict")) this.#seenBehindConflict(view, now);
    else if (view && this.#isOut && (now.ok || now.status === 404)) this.opened(this.#note.meet(now));
  }

  #seenBehindForm(now) {
    this.#form.showSeen();
    if (newsOf(now) === this.#told) return;
    const outcome = this.#note.meet(now);
    if (outcome.kind === "conflict") return this.#showBehind(outcome.theirs);
    if (outcome.kind in DONE) return this.#show(outcome);
    if (outcome.kind === "current" && this.#isOut) return this.#showForm(notice("good", "The notes can be reached again.", this.#stateOfText()));
    if (outcome.kind === "exists") return this.#showForm(notice("warn", "Somebody was first.", "There is such a note by now.", button("See theirs", () => this.#showTaken(now))));
    if (outcome.kind !== "deleted") return;
    this.#showForm(this.#gone());
    this.#told = newsOf(now);
  }

  #seenBehindConflict(view, now) {
    if (newsOf(now) === this.#told || !(now.ok || now.status === 404)) return;
    const news = now.ok
      ? notice("warn", "Somebody has saved once more.", "What you have chosen is kept where it still fits.",
        button("Compare with the newest", () => this.#showConflict(now, true), "button-primary"))
      : this.#gone();
    this.#told = newsOf(now);
    view.querySelector(".messages").replaceChildren(news);
  }

  // What is on the screen, if it is this note.
  #view() {
    return this.#stage.isCurrent() ? document.getElementById("main").firstElementChild : null;
  }

  // `replaced` is what a person has decided to overwrite.
  async #save(isAgain = false, replaced = null) {
    if (this.#isBusy) return;
    if (this.#note.tag && !this.#note.isDirty) return this.#check("There was nothing to save.");
    if (!await this.#mayBeSaved()) return this.#showForm();
    const outcome = await this.#busy("Saving…", () => this.#note.save());
    if (replaced && outcome?.kind === "saved") {
      const before = { ...this.#note.snapshot(), mine: replaced.text };
      return this.#offer("choice", "Only yours is saved.", `Dropped: ${replaced.dropped}. “Bring theirs back” undoes it.`, before, "Bring theirs back");
    }
    if (outcome) this.#show(outcome, isAgain);
  }

  // `aside` is what was typed before the note was deleted: no more than was stored is put back.
  async #putBack(aside = null) {
    if (this.#isBusy || !await this.#mayBeSaved()) return;
    if (aside) this.#note.type(this.#note.start);
    this.#note.revive();
    const outcome = await this.#busy("Saving…", () => this.#note.save());
    const before = { ...this.#note.snapshot(), mine: aside };
    if (aside) this.#note.offer("edits", { title: "Your edits are not in it.", text: "", before, label: "Bring my edits back" });
    if (outcome?.kind === "already") return this.#showForm(notice("good", ...PUT_BACK_ALREADY));
    if (outcome) this.#show(outcome);
  }

  // Never takes the text from under somebody who is typing.
  async #autosave() {
    const { tag } = this.#note;
    if (tag === this.#refused || undecided(this.#note.mine) > 0) return;
    const outcome = await this.#busy("Saving…", () => this.#note.save());
    if (outcome?.kind in DONE) return this.#show(outcome);
    this.#refused = tag;
    if (outcome?.kind === "conflict") return this.#showBehind(outcome.theirs);
    if (outcome?.kind === "trouble") return this.#showTrouble(outcome);
    this.#showForm(notice("warn", "Not saved while you typed.", "Something has changed meanwhile.", button("See what", () => this.#save())));
  }

  // Marks of what is undecided are saved only by somebody who says so.
  async #mayBeSaved() {
    if (undecided(this.#note.mine) === 0) return true;
    return ask("Save it with the marks?", "Some places are not decided: theirs and mine stand there one below the other, between marks.",
      "Save with the marks", "Go on editing");
  }

  async #check(ifCurrent = "Nothing new.") {
    const outcome = await this.#busy("Asking…", () => this.#note.check());
    if (outcome?.kind === "conflict") return this.#showBehind(outcome.theirs);
    if (outcome?.kind === "current") return this.#showForm(notice("good", ifCurrent, this.#stateOfText()));
    if (outcome) this.#show(outcome);
  }

  #stateOfText() {
    return this.#note.isDirty ? "Your text is not saved yet." : "You have the newest version.";
  }

  #discard() {
    const before = this.#note.snapshot();
    this.#note.type(this.#note.start);
    this.#offer("edits", "Your edits are taken back.", "", before, "Bring my edits back");
  }

  async #askToRemove() {
    const unsaved = this.#note.isDirty ? " What you have typed and not saved goes with it, unless you put the note back at once." : "";
    const isSure = await ask(["Delete “", named(this.#note.start), "”?"],
      `It is deleted for everybody.${unsaved} If somebody has saved a newer version meanwhile, nothing is deleted, and you are shown that version first.`,
      "Delete the note", "Keep the note");
    if (isSure) this.#remove();
  }

  async #remove() {
    const outcome = await this.#busy("Deleting…", () => this.#note.remove());
    if (outcome?.kind === "removed") return this.#showRemoved();
    if (outcome?.kind === "deleted" && !this.#note.isDirty) return this.#showMissing();
    if (outcome?.kind === "changed") return this.#showChanged(outcome.theirs);
    if (outcome?.kind === "trouble") return this.#showTrouble(outcome, () => this.#remove());
    if (outcome) this.#show(outcome);
  }

  // One request at a time: what comes while one is under way is left out.
  async #busy(words, request) {
    if (this.#isBusy) return null;
    this.#isBusy = true;
    this.#requests += 1;
    this.#form.setBusy(true);
    progress(words);
    try {
      return await request();
    } finally {
      this.#isBusy = false;
      this.#form.setBusy(false);
      progress(null);
      shelf.refresh();
    }
  }

  #show(outcome, isAgain = false) {
    switch (outcome.kind) {
      case "conflict": return this.#showConflict(outcome.theirs, isAgain);
      case "exists": return this.#showTaken(outcome.theirs);
      case "deleted": return this.#showDeleted();
      case "trouble": return this.#showTrouble(outcome);
      default: return this.#showForm(DONE[outcome.kind] && notice("good", ...DONE[outcome.kind]));
    }
  }

  #showForm(message = this.#undecidedPlaces()) {
    if (!this.#stage.isCurrent()) return;
    this.#told = null;
    this.#isOut = false;
    this.#showNumber();
    this.#form.update([message, ...this.#undoes()].filter(Boolean));
    this.#stage.show(this.#form.element);
    shelf.show();
  }

  // Once the note is stored under another number than the address has, unless somebody is on the way elsewhere.
  #showNumber() {
    const { isNew, key, id } = this.#note;
    if (isNew || key !== id || location.hash !== this.#address) return;
    this.#address = `#/notes/${id}`;
    history.replaceState(null, "", this.#address);
  }

  #undecidedPlaces() {
    const places = undecided(this.#note.mine);
    if (places === 0) return null;
    return notice("warn notice-marks", places === 1 ? "One place is not decided." : `${places} places are not decided.`,
      "Keep of the lines between the marks what you want, and delete the marks (««««««, ══════, »»»»»»).");
  }

  #showBehind(theirs) {
    const compare = button("Compare", () => this.#showConflict(theirs), "button-primary");
    this.#showForm(notice("warn", "Somebody has saved a newer version.",
      "You are still on the older one. Nothing of yours is lost, and nothing of theirs is overwritten.", compare));
    this.#told = theirs.tag;
  }

  // A conflict that was open before a reload is open again.
  #showConflictOrBehind(theirs) {
    return this.#note.merge ? this.#showConflict(theirs) : this.#showBehind(theirs);
  }

  #gone() {
    return notice("warn", "Somebody has deleted this note.", "Your text is still here.", button("See what you can do", () => this.#showDeleted()));
  }

  // The very same request may be sent again after a 503: if the first has taken effect, its condition is false by now.
  #showTrouble({ answer, isSaved }, again = () => this.#save()) {
    const way = answer.status === 503 && !isSaved
      ? button("Try again", again)
      : button("Check for changes", () => this.#check());
    this.#showForm(notice("bad", ...(isSaved ? SAVED_UNSEEN : withText(answer)), way));
    this.#isOut = isOutage(answer);
  }

  async #showConflict(theirs, isAgain = false) {
    const note = this.#note;
    const unlessBusy = (act) => (text) => this.#isBusy || act(text);
    const save = (text, replaced) => {
      note.rebase(theirs, text);
      this.#save(true, replaced);
    };
    this.#told = theirs.tag;
    this.#stage.show(await conflict(note, theirs, isAgain, {
      save: unlessBusy((text) => save(text)),
      edit: unlessBusy((text) => {
        const before = note.snapshot();
        note.rebase(theirs, text);
        this.#offer("choice", "You went on with the merged text.", "", before);
      }),
      keepMine: unlessBusy((dropped) => save(note.mine, { text: theirs.text, dropped })),
      keepTheirs: unlessBusy((dropped) => this.#keepTheirs(theirs, dropped)),
    }));
    this.#view()?.querySelector(".hunk")?.scrollIntoView({ block: "nearest" });
  }

  #keepTheirs(theirs, dropped = "all of my text") {
    const before = this.#note.snapshot();
    this.#note.adopt(theirs);
    this.#offer("choice", "Only theirs is kept.", `Dropped: ${dropped}. “Bring mine back” undoes it.`, before);
  }

  #showTaken(theirs) {
    this.#stage.show(messages.taken(this.#note, theirs, {
      saveAsNew: async () => {
        await shelf.refresh();
        this.#note.renumber(await shelf.freeId());
        this.#save();
      },
      merge: () => this.#showConflict(theirs),
      keepTheirs: () => this.#keepTheirs(theirs),
    }));
  }

  #showDeleted() {
    this.#stage.show(messages.deleted(this.#note, {
      putBack: () => this.#putBack(),
      throwAway: async () => {
        if (!await ask("Throw your text away?", "It is not on the server, and cannot be brought back.", "Throw it away", "Keep it")) return;
        this.#note.forget();
        location.hash = "#/";
      },
    }));
  }

  #showChanged(theirs) {
    const { isDirty, mine } = this.#note;
    const see = () => this.#note.rebase(theirs, isDirty ? mine : theirs.text);
    this.#stage.show(messages.changed(this.#note, theirs, {
      remove: () => {
        see();
        this.#remove();
      },
      keep: () => {
        if (isDirty) return this.#showBehind(theirs);
        see();
        this.#showForm();
      },
    }));
  }

  #showRemoved() {
    this.#stage.show(messages.removed(this.#note, { putBack: () => this.#putBack(this.#note.isDirty ? this.#note.mine : null) }));
  }

  async #showMissing() {
    const draft = await this.#note.elsewhere();
    if (!draft) return this.#stage.show(messages.missing());
    this.#stage.show(messages.elsewhere(draft, {
      goOn: () => {
        this.#note.restore(draft);
        this.#showDeleted();
        shelf.show();
      },
    }));
  }

  #showUnread({ answer }) {
    this.#isOut = isOutage(answer);
    this.#stage.show(messages.unread(answer, { again: async () => this.opened(await this.#note.open()) }));
  }

  #offer(kind, title, text, before, label = "Bring mine back") {
    this.#note.offer(kind, { title, text, before, label });
    this.#showForm();
    say(`${title} ${text}`);
  }

  #undoes() {
    return Object.entries(this.#note.undo).map(([kind, { title, text, before, label }]) =>
      notice("undo", title, text, button(label, () => this.#bringBack(kind, before)), button("Dismiss", () => this.#dismiss(kind))));
  }

  #dismiss(kind) {
    this.#note.offer(kind);
    this.#showForm();
  }

  // What was typed meanwhile can be had again in the same way.
  #bringBack(kind, before) {
    const { isDirty } = this.#note;
    const now = this.#note.snapshot();
    this.#note.restore(before);
    if (isDirty) return this.#offer(kind, "The text from before is back.", "", now);
    this.#dismiss(kind);
  }
}

function isOutage({ status }) {
  return status === 0 || status >= 500;
}

function newsOf({ ok, tag, status }) {
  return ok ? tag : status;
}
