// Nothing moves under the pointer: buttons and fields stay where they are, whatever is said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PICNIC, create, edited, person, put, remove, wire } from "./scene.js";

const WINDOWS = [{ width: 1280, height: 800 }, { width: 1024, height: 750 }, { width: 390, height: 844 }];
const LONG = "What we said we would bring to the picnic on Sunday, and who brings which part of it";

for (const viewport of WINDOWS) {
  const size = `${viewport.width} by ${viewport.height}`;

  test(`the buttons of a conflict stay in their place, in reach, at ${size}`, async () => {
    await create(1, PICNIC);
    const ada = await person("#/notes/1", { viewport });
    await put(1, { ...PICNIC, body: edited(["Cheese", "Goat cheese"], ["noon", "one"]) });
    await ada.writes(edited(["Cheese", "Hard cheese"], ["noon", "two"]));
    await ada.saves();
    await ada.reads("Two edits met");
    const names = ["Save merged", "Edit the merged text", "Save only mine", "Keep only theirs"];
    // And the bar has the same height: at the end of the page it does not stick, and would push them down.
    const places = async () => {
      const { height } = await ada.page.locator(".bar").boundingBox();
      return [Math.round(height), ...await Promise.all(names.map((name) => ada.place(ada.button(name))))];
    };
    const before = await places();
    for (const name of names) assert.ok(await ada.isInWindow(ada.button(name)), `${name} is out of the window`);
    const stay = async (when) => assert.deepEqual(await places(), before, when);
    await ada.press("Save merged");
    await ada.sees("Decide change 1 first.");
    await stay("when they say what is missing");
    await ada.chooses(1, "Both");
    await stay("when something was chosen");
    await put(1, { ...PICNIC, body: edited(["Cheese", "No cheese"]) });
    await ada.looksAgain();
    await ada.isTold("Somebody has saved once more.");
    await stay("under a message");
    await remove(1);
    await ada.looksAgain();
    await ada.isTold("Somebody has deleted this note.");
    await stay("under another message");

    // What comes into view does not come to lie under them.
    await ada.page.locator(".result-body").focus();
    const [result, bar] = await Promise.all([".result-body", ".bar"].map((part) => ada.page.locator(part).boundingBox()));
    assert.ok(result.y >= 0 && result.y + result.height <= bar.y, `the merged note ends at ${result.y + result.height}, the bar begins at ${bar.y}`);
    await ada.fitsItsWindow("the conflict");
  });

  test(`the form stays in its place at ${size}`, async () => {
    await create(1, PICNIC);
    const ada = await person("#/notes/1", { viewport });
    const parts = () => [
      ada.field("Title"), ada.field("Text"), ada.button("Save"), ada.button("Check for changes"), ada.field("Save as I type"), ada.button("Delete"),
    ];
    const places = () => Promise.all(parts().map((part) => ada.placeInPage(part)));
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

test("the badge stays beside the title, whatever is said below", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const badge = () => ada.placeInPage(ada.page.locator(".note-head .chip"));
  await ada.page.locator(".held").evaluate((held) => { held.textContent = "Short."; });
  const before = await badge();
  await ada.looksAgain();
  await ada.sees(/nothing newer, so nothing was sent again/);
  assert.deepEqual(await badge(), before);
});

test("a new note has the buttons where it has them once it is saved", async () => {
  const ada = await person("#/new");
  const places = () => Promise.all(["Save", "Check for changes"].map((name) => ada.placeInPage(ada.button(name))));
  const before = await places();
  await ada.writes("Mine", "Title");
  assert.deepEqual(await places(), before);
  await ada.saves();
  await ada.isTold("Saved.");
  assert.deepEqual(await places(), before);
});

for (const viewport of [{ width: 390, height: 844 }, { width: 360, height: 740 }]) {
  test(`a conflict opens with its choices above the buttons, at ${viewport.width} by ${viewport.height}`, async () => {
    await create(1, PICNIC);
    const ada = await person("#/notes/1", { viewport });
    await put(1, { ...PICNIC, body: edited(["Cheese", "Goat cheese"]) });
    await ada.writes(edited(["Cheese", "Hard cheese"]));
    await ada.saves();
    await ada.reads("Two edits met");
    const [change, bar] = await Promise.all([ada.change(1), ada.page.locator(".bar")].map((part) => part.boundingBox()));
    assert.ok(change.y >= 0 && change.y + change.height <= bar.y, `the change ends at ${change.y + change.height}, the bar begins at ${bar.y}`);
  });
}

test("from every view of a phone there is a way to the list", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1", { viewport: { width: 390, height: 844 } });
  const back = () => ada.page.getByRole("main").getByRole("link", { name: "All notes" });
  await back().waitFor();
  await put(1, { ...PICNIC, body: "Theirs" });
  await ada.writes("Mine");
  await ada.saves();
  await ada.reads("Two edits met");
  await back().click();
  await ada.inShelf(/Picnic\s*draft/).click();
  await ada.reads("Two edits met");
  await remove(1);
  await ada.press("Save only mine");
  await ada.reads("Deleted meanwhile");
  await back().click();
  await ada.reads("Two people, one note");
});

test("the second half of a double click does nothing in a view that has come under it", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { ...PICNIC, body: edited(["Cheese", "Goat cheese"]) });
  await ada.writes(edited(["Cheese", "Hard cheese"]));
  await ada.saves();
  await ada.reads("Two edits met");
  const now = Date.now();
  await ada.page.clock.setFixedTime(now);
  // Where "Keep only theirs" was, the form has other things.
  const { x, y, width, height } = await ada.button("Keep only theirs").boundingBox();
  const clicks = () => ada.page.mouse.click(x + width / 2, y + height / 2);
  await clicks();
  await ada.isTold("Only theirs is kept.");
  await ada.page.evaluate(() => {
    globalThis.clicks = 0;
    addEventListener("click", () => { globalThis.clicks += 1; });
  });
  await clicks();
  assert.equal(await ada.page.evaluate(() => globalThis.clicks), 0);
  await ada.page.clock.setFixedTime(now + 1_000);
  await clicks();
  assert.equal(await ada.page.evaluate(() => globalThis.clicks), 1);
});
