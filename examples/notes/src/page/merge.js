// Puts the hunks of a merge together once somebody has chosen.

import { union } from "./diff.js";
import { marked, markedTitle } from "./marks.js";

export const UNDECIDED = Symbol("undecided");

// A change by one side stands until somebody says otherwise; a change by both is for the person to decide.
const FIRST_CHOICE = { nobody: "base", theirs: "theirs", mine: "mine", alike: "mine", both: null };

export class Merge {
  constructor({ title, body }) {
    this.title = title.map(undecided);
    this.body = body.map(undecided);
    this.changes = [...this.title, ...this.body].filter((hunk) => hunk.changed_by !== "nobody");
  }

  get open() {
    return this.changes.filter((hunk) => hunk.choice === null);
  }

  // What was chosen, as runs of lines; UNDECIDED where nothing was.
  get result() {
    return { title: this.title.map(chosen), body: this.body.map(chosen) };
  }

  // What somebody has chosen otherwise than the merge itself, by the lines that it is about.
  get choices() {
    const chosen = this.changes.filter((hunk) => hunk.choice !== FIRST_CHOICE[hunk.changed_by]);
    return Object.fromEntries(chosen.map((hunk) => [linesOf(hunk), hunk.choice]));
  }

  // Choices from before. One about other lines counts no more.
  choose(choices) {
    for (const hunk of this.changes) hunk.choice = choices[linesOf(hunk)] ?? hunk.choice;
  }

  // Once all is decided.
  get text() {
    const { title, body } = this.result;
    return { title: title.flat().join(" "), body: body.flat().join("\n") };
  }

  // At any time: what is undecided, with both versions between marks.
  get markedText() {
    const orMarked = (mark) => (hunk) => hunk.choice === null ? mark(hunk) : chosen(hunk);
    const title = this.title.flatMap(orMarked(markedTitle)).join(" ");
    return { title, body: this.body.flatMap(orMarked(marked)).join("\n") };
  }
}

// When no comparison is to be had: the whole texts, as one change by both.
export function whole(base, theirs, mine) {
  const lines = (text) => text?.split("\n") ?? [];
  const hunk = (part) => {
    const sides = [base?.[part], theirs[part], mine[part]];
    const [before, other, own] = sides.map(lines);
    return { changed_by: theirs[part] === mine[part] ? "alike" : "both", base: before, theirs: other, mine: own };
  };
  return { title: [hunk("title")], body: [hunk("body")] };
}

function undecided(hunk) {
  return { ...hunk, choice: FIRST_CHOICE[hunk.changed_by] };
}

function linesOf({ base, theirs, mine }) {
  return JSON.stringify([base, theirs, mine]);
}

function chosen(hunk) {
  if (hunk.choice === null) return UNDECIDED;
  if (hunk.choice === "both") return union(hunk.theirs, hunk.mine);
  return hunk[hunk.choice];
}
