// The form in which a note is written. It stays while requests come and go, and the cursor stays where it is.

import { back, button, entitle, h, keepingFocus, saving, titleOf } from "./dom.js";
import { undecided } from "./marks.js";

const AUTOSAVE = "notes:autosave";
const PAUSE = 1500;

export class Form {
  #note;
  #timer;
  #isBusy = false;
  #autosave;
  #title = h("input", { id: "title", name: "title", autocomplete: "off", dir: "auto" });
  #body = h("textarea", { id: "body", name: "body", rows: "12", dir: "auto" });
  #automatic = h("input", { type: "checkbox", id: "automatic" });
  #name = h("h1", { tabindex: "-1", dir: "auto" });
  #held = h("p", { class: "held" });
  #state = h("span", { class: "chip", role: "status" });
  #message = h("div", { class: "messages" });
  #discard;
  #remove;
  #drafted;

  constructor(note, { save, autosave, check, discard, remove, drafted }) {
    this.#note = note;
    this.#autosave = autosave;
    this.#drafted = drafted;
    this.#discard = button("Take back my edits", discard);
    this.#remove = button("Delete", remove, "button-danger");
    this.#automatic.checked = localStorage.getItem(AUTOSAVE) === "on";
    this.#automatic.addEventListener("change", () => this.#setAutomatic());
    this.element = h("form", { class: "note", oninput: (event) => this.#typed(event) },
      h("div", { class: "note-head" },
        back(),
        this.#name, this.#state, this.#held),
      h("label", { for: "title" }, "Title"), this.#title,
      h("label", { for: "body" }, "Text"), this.#body,
      // The text makes room for a message: nothing else moves.
      this.#message,
      h("div", { class: "actions" },
        saving(h("button", { type: "submit", class: "button button-primary" }, "Save")),
        button("Check for changes", check),
        h("label", { class: "check" }, this.#automatic, "Save as I type"),
        h("span", { class: "actions at-end" }, this.#discard, this.#remove)));
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(this.#timer);
      save();
    });
  }

  // Shows the note as it now is. A field is left alone unless its text is another one.
  update(messages) {
    const { tag, mine } = this.#note;
    if (this.#title.value !== mine.title) this.#title.value = mine.title;
    if (this.#body.value !== mine.body) this.#body.value = mine.body;
    keepingFocus(() => {
      this.#message.replaceChildren(...messages);
      this.#remove.hidden = tag === null;
      this.#showState(true);
    });
    this.showSeen();
  }

  // What the server said when it was asked last.
  showSeen() {
    const { tag, seen } = this.#note;
    this.#held.replaceChildren(tag && seen ? asked(seen) : "Not on the server yet.");
  }

  // What was said before a request is no news after it.
  setBusy(isBusy) {
    this.#isBusy = isBusy;
    if (isBusy) keepingFocus(() => this.#message.replaceChildren());
    this.element.setAttribute("aria-busy", String(isBusy));
  }

  #typed(event) {
    if (event.target === this.#automatic) return;
    this.#showState(this.#note.type({ title: this.#title.value, body: this.#body.value }));
    this.#forgetNews();
    this.#drafted();
    if (this.#automatic.checked) this.#saveSoon();
  }

  // "Saved" is no longer true, nor that places are undecided once their marks are gone.
  #forgetNews() {
    this.#message.querySelector(".notice-good")?.remove();
    if (undecided(this.#note.mine) === 0) this.#message.querySelector(".notice-marks")?.remove();
  }

  #saveSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#isBusy ? this.#saveSoon() : this.#autosave(), PAUSE);
  }

  #setAutomatic() {
    localStorage.setItem(AUTOSAVE, this.#automatic.checked ? "on" : "off");
    if (this.#automatic.checked && this.#note.isDirty) this.#autosave();
  }

  #showState(isKept) {
    const { isDirty, isNew, tag, mine } = this.#note;
    const name = isNew && mine.title.trim() === "" ? "A new note" : titleOf(mine);
    if (this.#name.textContent !== name) this.#name.textContent = name;
    if (this.element.isConnected) entitle();
    const words = isDirty ? unsaved(isKept) : tag ? "Saved" : "Empty";
    if (this.#state.textContent !== words) this.#state.textContent = words;
    this.#state.classList.toggle("chip-draft", isDirty);
    this.#discard.hidden = !isDirty;
  }
}

function unsaved(isKept) {
  return isKept ? "Not saved yet, kept in this browser" : "Not saved, and no room to keep it here";
}

const FOUND = {
  0: "no answer.",
  // The request log below says it in HTTP's words.
  304: "nothing newer, so nothing was sent again.",
  404: "not on the server any more.",
};

function asked({ status, at }) {
  const time = h("time", { datetime: at.toISOString() }, at.toLocaleTimeString("en-GB"));
  if (status === 200) return h("span", {}, "Read at ", time, ".");
  return h("span", {}, "Checked at ", time, ": ", FOUND[status] ?? "the server could not say.");
}
