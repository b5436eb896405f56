// Two edits met: what both started from, theirs, mine, and a choice for each change.

import { newWords } from "./diff.js";
import { back, button, h, lines, ofNote, progress, saving } from "./dom.js";
import * as http from "./http.js";
import { Merge, UNDECIDED, whole } from "./merge.js";

const CONTEXT = 3;

const SIDES = [
  ["base", "Before", "at the start"],
  ["theirs", "Theirs", "saved already"],
  ["mine", "Mine", "not saved yet"],
];

const WHO = {
  theirs: "only they changed this",
  mine: "only you changed this",
  alike: "you both made the same change",
  both: "both of you changed this",
};

// `then` says what to do with a merged text: save, edit, keepMine, keepTheirs.
export async function conflict(note, theirs, isAgain, then) {
  progress("Comparing…");
  const answer = await http.merge(note.base, theirs.text, note.mine);
  progress(null);
  const merge = new Merge(answer.ok ? answer.json : whole(note.base, theirs.text, note.mine));
  const [title, why] = [heading(merge, isAgain), explanation(merge, note)];
  merge.choose(note.merge?.choices ?? {});
  const result = h("pre", { class: "lines result-body", dir: "auto", tabindex: "0", "aria-labelledby": "result-name" });
  const resultTitle = h("p", { class: "result-title", dir: "auto" });
  const tally = h("p", { class: "tally", role: "status" });

  const update = () => {
    resultTitle.replaceChildren(...preview(merge.result.title, " "));
    result.replaceChildren(...preview(merge.result.body, "\n"));
    tally.replaceChildren(count(merge));
    note.choose(theirs.tag, merge.choices);
  };
  const save = () => {
    const open = merge.changes.findIndex((hunk) => hunk.choice === null);
    if (open < 0) return then.save(merge.text);
    tally.replaceChildren(h("b", {}, `Decide change ${open + 1} first.`));
    const input = document.querySelector(`input[name="hunk-${open}"]`);
    input.closest(".hunk").classList.add("hunk-wanted");
    input.focus();
  };
  update();

  return h("article", { class: "conflict" },
    back(),
    ofNote(note),
    h("h1", { tabindex: "-1" }, title),
    h("p", { class: "lead" }, why),
    h("div", { class: "hunks" },
      titleChanges(merge, update),
      merge.body.map((hunk) => hunk.changed_by === "nobody" ? context(hunk.base) : change(merge, hunk, update))),
    h("section", { class: "result", "aria-labelledby": "result-name" },
      h("h2", { id: "result-name" }, "The merged note"), resultTitle, result),
    h("div", { class: "bar" },
      h("div", { class: "bar-line" }, tally, h("div", { class: "messages" })),
      h("div", { class: "actions" },
        saving(button("Save merged", save, "button-primary")),
        button("Edit the merged text", () => then.edit(merge.markedText)),
        h("span", { class: "gap" }),
        dropping("Save only mine", changes(merge, "theirs", "their"), then.keepMine, "mine", "theirs"),
        dropping("Keep only theirs", changes(merge, "mine", "my"), then.keepTheirs, "theirs", "mine"))));
}

// Keeps one side, and says what it drops of the other.
function dropping(label, dropped, act, kept, other) {
  const title = `Drops ${dropped}, also in lines that did not clash. “Bring ${other} back” undoes it.`;
  return h("button", { type: "button", class: `button button-${kept}`, title, onclick: () => act(dropped) },
    label, h("small", { "aria-hidden": "true" }, `drops ${dropped}`));
}

function changes(merge, side, whose) {
  const { length } = merge.changes.filter((hunk) => hunk.changed_by === side || hunk.changed_by === "both");
  return length === 1 ? `${whose} change` : `${whose} ${length} changes`;
}

function heading(merge, isAgain) {
  if (isAgain) return "It has changed once more";
  return merge.open.length > 0 ? "Two edits met" : "Two edits met, and fit together";
}

function explanation(merge, note) {
  const before = `${happened(note)} Nothing is lost: theirs is stored, yours is here.`;
  return merge.open.length > 0
    ? `${before} Choose what to keep.`
    : `${before} You changed different lines: look at the result, and save it.`;
}

function happened({ tag, base }) {
  if (tag) return "While you were editing, somebody else saved.";
  return base ? "Somebody has put this note back already." : "While you were writing, somebody created this note.";
}

function count(merge) {
  const all = merge.changes.filter((hunk) => hunk.changed_by === "both").length;
  if (all === 0) return "Nothing to decide.";
  return `${all - merge.open.length} of ${all} decided`;
}

function titleChanges(merge, update) {
  const changed = merge.title.filter((hunk) => hunk.changed_by !== "nobody");
  return changed.map((hunk) => change(merge, hunk, update, ", the title"));
}

function change(merge, hunk, update, where = "") {
  const number = merge.changes.indexOf(hunk);
  const name = `hunk-${number}`;
  const option = (choice) => h("input", {
    type: "radio", name, value: choice, checked: hunk.choice === choice,
    "aria-labelledby": `${name}-${choice}`, "aria-describedby": `${name}-${choice}-lines`,
    onchange: ({ target }) => { hunk.choice = choice; target.closest(".hunk").classList.remove("hunk-wanted"); update(); },
  });
  const isFree = hunk.changed_by !== "alike";
  const sides = SIDES.map(([side, label, hint]) =>
    h(isFree ? "label" : "div", { class: `side side-${side}` },
      h("span", { class: "side-head" },
        isFree && option(side), h("span", { id: `${name}-${side}` }, label),
        number === 0 && h("small", {}, hint)),
      lines("span", { id: `${name}-${side}-lines` }, hunk[side].join("\n"),
        side === "base" ? plain(hunk.base) : marked(hunk.base, hunk[side]))));
  return h("fieldset", { class: `hunk hunk-${hunk.changed_by}` },
    h("legend", {}, `Change ${number + 1}${where}: `, h("b", {}, WHO[hunk.changed_by])),
    h("div", { class: "sides" }, sides),
    hunk.changed_by === "both" && h("label", { class: "side-both" },
      option("both"), h("span", { id: `${name}-both` }, "Both"),
      h("small", { id: `${name}-both-lines` }, "theirs first, then mine; shared lines once")));
}

function context(unchanged) {
  const text = lines("p", {}, unchanged.join("\n"));
  if (unchanged.length <= CONTEXT) return h("div", { class: "context" }, text);
  return h("details", { class: "context" }, h("summary", {}, `${unchanged.length} unchanged lines`), text);
}

function preview(runs, separator) {
  const shown = runs
    .filter((run) => run.length !== 0)
    .map((run) => run === UNDECIDED ? h("em", {}, "… to be decided …") : run.join(separator));
  return shown.flatMap((run, index) => index === 0 ? [run] : [separator, run]);
}

function plain(lines) {
  if (lines.length === 0) return h("em", {}, "nothing here");
  return lines.join("\n");
}

// The words that are not in the base.
function marked(base, lines) {
  if (lines.length === 0) return plain(lines);
  return newWords(base.join("\n"), lines.join("\n")).map(({ text, isNew }) => isNew ? h("mark", {}, text) : text);
}
