// What nobody has decided, in a text that is edited by hand: both versions, between marks.

const [THEIRS, MINE, END] = ["«««««« ", "══════ ", "»»»»»» "];

export function marked({ theirs, mine }) {
  return [`${THEIRS}Theirs`, ...theirs, `${MINE}Mine`, ...mine, `${END}Not decided until here`];
}

// In one line, for a title.
export function markedTitle({ theirs, mine }) {
  return [`${THEIRS}${theirs.join(" ")} ${MINE}${mine.join(" ")} ${END}`.trim()];
}

// How many places are not decided; one whose marks are removed in part still is one. A longer rule is no mark.
export function undecided({ title, body }) {
  const marks = `${title}\n${body}`.match(/(?<![«═»])(«{6}|═{6}|»{6})(?![«═»])/g) ?? [];
  const count = (mark) => marks.filter((found) => found === mark.trim()).length;
  return Math.max(...[THEIRS, MINE, END].map(count));
}
