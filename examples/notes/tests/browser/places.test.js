// Nothing moves under the pointer: buttons and fields stay where they are, whatever is said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PICNIC, create, person, put, remove, wire } from "./scene.js";

const WINDOWS = [{ width: 1280, height: 800 }, { width: 1024, height: 750 }, { width: 390, height: 844 }];
const LONG = "What we said we would bring to the picnic on Sunday, and who brings which part of it";

for (const viewport of WINDOWS) {
  const size = `${viewport.width} by ${viewport.height}`;

  test(`the form stays in its place at ${size}`, async () => {
    await create(1, PICNIC);
    const ada = await person("#/notes/1", { viewport });
    const parts = () => [
      ada.field("Title"), ada.field("Text"), ada.button("Save"), ada.button("Check for changes"), ada.field("Save as I type"), ada.button("Delete"),
    ];
    const places = () => Promise.all(parts().map((part) => ada.place(part)));
    const before = await places();
    const stay = async (when) => assert.deepEqual(await places(), before, when);

    await ada.writes(`${PICNIC.body}\n${"Grapes\n".repeat(40)}`, LONG);
    await stay("with a long text that is not saved");
    const release = wire.holds("PUT");
    await ada.saves();
    await ada.page.locator(".progress").waitFor();
    await stay("while it is saved");
    release();
    await ada.isTold("Saved.");
    await stay("when it is saved");
    await ada.writes("Mine", LONG);
    await ada.isNotTold("Saved.");
    await stay("after the next input");
    wire.answers("PUT", 503, { "Retry-After": "2" });
    await ada.saves();
    await ada.isTold("The notes are busy.");
    await stay("under the message of an outage");
    wire.forget();
    await put(1, { ...PICNIC, body: "Theirs" });
    await ada.press("Check for changes");
    await ada.isTold("Somebody has saved a newer version.");
    await stay("under the longest message");
    await remove(1);
    await ada.looksAgain();
    await ada.isTold("Somebody has deleted this note.");
    await stay("when the note is gone");
    await ada.fitsItsWindow("the form");
  });
}

test("a new note has the buttons where it has them once it is saved", async () => {
  const ada = await person("#/new");
  const places = () => Promise.all(["Save", "Check for changes"].map((name) => ada.place(ada.button(name))));
  const before = await places();
  await ada.writes("Mine", "Title");
  assert.deepEqual(await places(), before);
  await ada.saves();
  await ada.isTold("Saved.");
  assert.deepEqual(await places(), before);
});
