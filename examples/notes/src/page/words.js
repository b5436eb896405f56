// What a refusal or a failure means to the person who sits there.

const WORDS = {
  0: ["No answer.", "The notes cannot be reached, or took too long. What was sent may have arrived or not: check before you go on."],
  400: ["The server did not understand this.", "Nothing was saved."],
  412: ["Refused, although the note is as you know it.", "Something between you and the server changes what is sent."],
  413: ["The note is too long.", "Make it shorter, then save again."],
  428: ["The server was not told which version you changed.", "Something between you and it may have taken that out. Nothing was saved."],
  503: ["The notes are busy.", "Trying again is safe: what somebody else has saved is not overwritten."],
};
const OTHERWISE = ["Something went wrong on the server.", "Check before you go on."];

export function plainly({ status, retryAfter }) {
  const [title, text] = WORDS[status] ?? OTHERWISE;
  if (!retryAfter) return [title, text];
  return [title, `${text} Try again in ${retryAfter === "1" ? "a second" : `${retryAfter} seconds`}.`];
}

// To somebody who has typed something.
export function withText(answer) {
  const [title, text] = plainly(answer);
  return [title, `${text} Your text is safe in this browser.`];
}
