// How a client edits without losing anybody's work, its own included:
//
//   read, and keep the tag · save over that tag only · when refused: read again, compare, let the person decide,
//   save over the fresh tag · never send the same again blindly.
//
// No DOM here. Every method says what became of it: { kind, … }.

import * as drafts from "./drafts.js";
import * as http from "./http.js";

// Under which key a note is drafted that has no number of its own yet.
export const NEW = "new";
const EMPTY = { title: "", body: "" };

export class Note {
  // `base` is the text that the tag stands for, `mine` is what the person has made of it.
  // `merge` is what has been chosen so far in a conflict with the version of its tag, `seen` the last answer to a read.
  constructor(id, { key = id, tag = null, base = null, mine = EMPTY } = {}) {
    Object.assign(this, { id, key, tag, base, mine, merge: null, seen: null, undo: drafts.undoOf(key) });
  }

  get path() {
    return `/notes/${this.id}`;
  }

  get isDirty() {
    return !same(this.start, this.mine);
  }

  // What the person began with.
  get start() {
    return this.base ?? EMPTY;
  }

  get isNew() {
    return this.key === NEW;
  }

  // The answer: whether the browser had room for the draft.
  type(mine) {
    Object.assign(this, { mine, merge: null });
    return this.#keep();
  }

  // What a person chooses in a conflict survives as their text does.
  choose(tag, choices) {
    this.merge = { tag, choices };
    this.#keep();
  }

  // Reads the note, and puts a draft of it on top.
  async open() {
    const draft = await drafts.find(this.key);
    if (draft) Object.assign(this, { tag: draft.tag, base: draft.base, mine: draft.mine, merge: draft.merge ?? null });
    return this.isNew ? { kind: "current" } : this.check();
  }

  // What another tab has typed and not saved, if anything.
  elsewhere() {
    return drafts.elsewhere(this.key);
  }

  // Asks whether the version that is held is still the current one.
  async check() {
    return this.meet(await this.look());
  }

  // Asks, and changes nothing here.
  async look() {
    const now = await http.read(this.path);
    this.seen = { status: now.status, at: new Date() };
    return now.ok ? { ...now, text: textOf(now.json) } : now;
  }

  // What an answer to a read means for the text that is here.
  meet(now) {
    if (now.status === 404) return { kind: this.isNew ? "unwritten" : "deleted" };
    if (!now.ok) return trouble(now);
    if (now.tag === this.tag) return { kind: "current" };
    return this.#meet(now, "updated");
  }

  async save() {
    const sent = this.mine;
    const answer = this.tag === null
      ? await http.create(this.path, sent)
      : await http.save(this.path, sent, this.tag);
    if (answer.ok) return this.#saved(sent);
    if (answer.status === 412) return this.#refused(answer);
    return trouble(answer);
  }

  async remove() {
    const answer = await http.remove(this.path, this.tag);
    if (answer.ok) return this.#gone("removed");
    if (answer.status === 404) return this.#gone("deleted");
    if (answer.status !== 412) return trouble(answer);
    const now = await this.look();
    if (now.status === 404) return this.#gone("deleted");
    return now.ok ? { kind: "changed", theirs: now } : trouble(now);
  }

  // The text of the server, and nothing of one's own.
  adopt(theirs) {
    this.rebase(theirs, theirs.text);
  }

  // One's own text on top of the server's.
  rebase(theirs, mine) {
    this.#isStored();
    Object.assign(this, { tag: theirs.tag, base: theirs.text, mine, merge: null });
    this.#keep();
  }

  // After a deletion: as a new note, under the same number. If nothing was changed, all of the text is what is not saved.
  revive() {
    if (!this.isDirty) this.base = null;
    this.tag = null;
    this.#keep();
  }

  // After somebody took the number: as a new note, under another one.
  renumber(id) {
    this.id = id;
  }

  forget() {
    drafts.drop(this.key);
  }

  // What was dropped by a "choice", or when "edits" were taken back: neither takes the place of the other.
  offer(kind, undo) {
    this.undo = { ...this.undo, [kind]: undo };
    if (!undo) delete this.undo[kind];
    drafts.keepUndo(this.key, this.undo);
  }

  snapshot() {
    const { tag, base, mine, merge } = this;
    return { tag, base, mine, merge };
  }

  restore(snapshot) {
    Object.assign(this, snapshot);
    this.#keep();
  }

  // The answer to a PUT does not say what the stored note's tag is: only reading does.
  async #saved(sent) {
    this.#isStored();
    Object.assign(this, { base: sent, merge: null });
    this.#keep();
    const now = await this.look();
    if (now.status === 404) return { kind: "deleted" };
    if (!now.ok) return { ...trouble(now), isSaved: true };
    if (!same(now.text, sent)) return this.#meet(now, "overtaken");
    this.tag = now.tag;
    this.#keep();
    return { kind: "saved" };
  }

  async #refused(answer) {
    const now = await this.look();
    if (now.status === 404) return { kind: "deleted" };
    if (!now.ok) return trouble(now);
    // Not stale, and refused all the same: something on the way changes tags.
    if (now.tag === this.tag) return trouble(answer);
    return this.#meet(now, "updated");
  }

  // The server has a text that this page has not seen.
  #meet(theirs, ifClean) {
    if (this.base && !this.isDirty) {
      const isSame = same(theirs.text, this.mine);
      this.adopt(theirs);
      return { kind: isSame ? "current" : ifClean };
    }
    if (this.tag === null && same(this.mine, EMPTY)) {
      this.adopt(theirs);
      return { kind: "current" };
    }
    if (same(theirs.text, this.mine)) {
      this.adopt(theirs);
      return { kind: "already" };
    }
    return { kind: this.base ? "conflict" : "exists", theirs };
  }

  // There is a note of this number: its draft goes under the number as well.
  #isStored() {
    drafts.drop(this.key);
    drafts.keepUndo(this.key, {});
    this.key = this.id;
    drafts.keepUndo(this.key, this.undo);
  }

  #gone(kind) {
    if (kind === "removed" || !this.isDirty) drafts.drop(this.key);
    // The number may be another note's by and by.
    if (kind === "removed") drafts.keepUndo(this.key, {});
    return { kind };
  }

  #keep() {
    if (this.isDirty) return drafts.keep(this.key, this.snapshot());
    drafts.drop(this.key);
    return true;
  }
}

export function same(a, b) {
  return a.title === b.title && a.body === b.body;
}

// As a text field has it.
function textOf({ title, body }) {
  return { title, body: body.replaceAll("\r\n", "\n") };
}

function trouble(answer) {
  return { kind: "trouble", answer };
}
