// Elements without a framework. Text only ever becomes text, never markup.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

export function button(label, onclick, kind = "") {
  return h("button", { type: "button", class: `button ${kind}`.trim(), onclick }, label);
}

// The button that Ctrl+S and Cmd+S press.
export function saving(button) {
  button.setAttribute("aria-keyshortcuts", "Control+S Meta+S");
  return button;
}

// For those who listen. What is there from the beginning is read out when it changes; what is new only if it is an alert.
export function say(text) {
  document.getElementById("said").textContent = text;
}

// Shows that a request is under way, whatever the view; null: that none is.
export function progress(words) {
  const shown = document.getElementById("progress");
  shown.hidden = words === null;
  shown.textContent = words ?? "";
  document.getElementById("main").setAttribute("aria-busy", String(words !== null));
  if (words !== null) say(words);
}

// If the focused element is gone after the change, the focus moves to the heading.
export function keepingFocus(change) {
  const focused = document.activeElement;
  change();
  const isGone = !focused.isConnected || focused.closest("[hidden]");
  if (isGone) document.querySelector("main h1")?.focus();
}

// The window's title: the heading of the view, and of which note it is.
export function entitle() {
  const main = document.getElementById("main");
  const parts = ["h1", ".of"].map((part) => main.querySelector(part)?.textContent).filter(Boolean);
  document.title = `${parts.map((part) => shortened(part)).join(": ")} – Notes`;
}

// A message that is read out as it appears, with what can be done about it. One that is "good" is news until the next
// input, one that offers to "undo" something stays.
export function notice(kind, title, text, ...actions) {
  if (kind === "good") say(`${title} ${text}`);
  return h("div", { class: `notice notice-${kind}`, role: kind !== "good" && kind !== "undo" && "alert" },
    h("p", {}, h("strong", {}, title), " ", text),
    actions.length > 0 && h("div", { class: "notice-actions" }, actions));
}

export function titleOf(note) {
  return note.title.trim() || "Untitled";
}

// In a sentence, whichever way it is written.
export function named(note) {
  return h("bdi", {}, shortened(titleOf(note)));
}

// The way to the list, where the list is not beside the note.
export function back() {
  return h("a", { class: "back", href: "#/" }, "All notes");
}

// Above the heading of a view that is about something else: which note it is.
export function ofNote({ base, mine }) {
  return h("p", { class: "of", dir: "auto" }, shortened(titleOf(base ?? mine)));
}

function shortened(text) {
  const letters = [...text];
  return letters.length > 60 ? `${letters.slice(0, 60).join("")}…` : text;
}

// A text as it was written. A long one is scrolled on its own, by keyboard too.
export function lines(name, attributes, text, shown = text) {
  const isLong = text.length > 1500 || text.split("\n", 41).length > 40;
  const long = isLong && { class: "lines lines-long", tabindex: "0", role: "group", "aria-label": "The text, scrolled on its own" };
  return h(name, { class: "lines", dir: "auto", ...attributes, ...long }, shown);
}

// A question in front of everything else; Escape is a no.
export function ask(title, text, yes, no) {
  const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask-title" },
    h("form", { method: "dialog" },
      h("h2", { id: "ask-title" }, title), h("p", {}, text),
      h("div", { class: "actions" },
        h("button", { class: "button button-danger", value: "yes" }, yes),
        h("button", { class: "button", value: "no", autofocus: true }, no))));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
