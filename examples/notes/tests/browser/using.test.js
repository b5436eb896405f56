// The page in use: by keyboard, with texts of any kind, and between two looks at it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PICNIC, create, edited, person, put, remove, stored, wire } from "./scene.js";

test("all of it by keyboard", async () => {
  await create(1, PICNIC);
  const ada = await person();
  const { keyboard } = ada.page;
  await ada.page.getByRole("link", { name: "Picnic" }).focus();
  await keyboard.press("Enter");
  await ada.field("Text").focus();
  await put(1, { ...PICNIC, body: "Theirs" });
  await keyboard.press("Control+A");
  await keyboard.type("Mine");
  await keyboard.press("Control+S");
  await ada.reads("Two edits met");
  // From the heading to the first choice, and along it.
  await keyboard.press("Tab");
  for (const next of ["Theirs", "Mine"]) {
    await keyboard.press("ArrowDown");
    await ada.change(1).getByRole("radio", { name: next, checked: true }).waitFor();
  }
  assert.equal(await ada.result(), "Mine");
  await ada.button("Save merged").focus();
  await keyboard.press("Enter");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Mine");
});

const TEXTS = {
  "a long title and first line": {
    title: "What we said we would bring to the picnic on Sunday, and who brings which part of it ".repeat(3),
    body: `${"We meet at the river, behind the second bridge, where the grass is short, ".repeat(8)}\nBread`,
  },
  "words that end nowhere": { title: `https://example.org/${"a".repeat(600)}`, body: `${"🥖👩‍👩‍👧‍👦🍎".repeat(200)}\nhttps://example.org/${"b".repeat(600)}` },
  "100 kB": { title: "Long", body: "Bread, cheese and apples; and what else there is.\n".repeat(2_000) },
  "100 kB in one line": { title: "Longer", body: "Bread, cheese and apples; ".repeat(4_000) },
};
const ARABIC = { title: "نزهة يوم الأحد", body: "خبز وجبن وتفاح\nنلتقي عند الظهر" };
const PHONE = { width: 360, height: 740 };

for (const [name, note] of Object.entries(TEXTS)) {
  test(`usable with ${name}`, async () => {
    await create(1, note);
    const ada = await person("#/notes/1");
    await ada.shelfFits();
    // A click that another element would take fails.
    await ada.field("Text").click({ position: { x: 4, y: 8 } });
    await ada.field("Title").click({ position: { x: 4, y: 8 } });
    await put(1, { ...note, body: `Theirs\n${note.body}` });
    await ada.writesFirst("Mine");
    await ada.fitsItsWindow("the editor");
    await ada.saves();
    await ada.reads("Two edits met");
    await ada.shelfFits();
    for (const viewport of [PHONE, { width: 1280, height: 860 }]) {
      await ada.page.setViewportSize(viewport);
      await ada.fitsItsWindow(`the conflict at ${viewport.width} px`);
      const { height } = await ada.change(1).boundingBox();
      assert.ok(height < 4_000, `a change is ${height} px high`);
    }
    await ada.chooses(1, "Both");
    await ada.press("Save merged");
    await ada.isTold("Saved.");
    assert.equal((await stored(1)).body, `Theirs\nMine\n${note.body}`);
    await ada.page.setViewportSize(PHONE);
    await ada.fitsItsWindow("the editor on a phone");
    await ada.opens("#/");
    await ada.fitsItsWindow("the list on a phone");
  });
}

test("a text from right to left is shown so", async () => {
  await create(1, ARABIC);
  const ada = await person("#/notes/1");
  const directions = await ada.directions("h1, #title, #body, .item-title, .item-line");
  assert.deepEqual(new Set(directions), new Set(["rtl"]));
  await put(1, { ...ARABIC, body: "خبز" });
  await ada.writes("جبن");
  await ada.saves();
  await ada.chooses(1, "Mine");
  assert.deepEqual(new Set(await ada.directions(".side .lines, .result-title, .result-body")), new Set(["rtl"]));
});

test("with 300 notes the log is within reach, and the open note in view", async () => {
  const ids = Array.from({ length: 300 }, (_, index) => index + 1);
  await Promise.all(ids.map((id) => create(id, { title: `Note ${id}`, body: `Number ${id}` })));
  const ada = await person("#/notes/280");
  await ada.seesInShelf("Note 280");
  const log = await ada.log().boundingBox();
  assert.ok(log.y < 860, `the log begins ${log.y} px below the top`);
  await ada.page.getByRole("link", { name: "Note 300" }).click();
  await ada.reads("Note 300");
  await ada.seesInShelf("Note 300");

  await ada.page.setViewportSize(PHONE);
  await ada.opens("#/");
  const { height } = await ada.page.locator("#shelf").boundingBox();
  assert.ok(height < PHONE.height, `the list is ${height} px high`);
});

test("saving by keyboard in every view that has something to save", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.countsSaveDialogs();
  const saves = () => ada.page.keyboard.press("ControlOrMeta+S");

  // Wherever the focus is.
  await ada.writes("Mine");
  await ada.page.getByRole("link", { name: "New note" }).focus();
  await saves();
  await ada.isTold("Saved.");

  await put(1, { ...PICNIC, body: "Theirs" });
  await ada.writes("Mine again");
  await saves();
  await ada.reads("Two edits met");
  await saves();
  await ada.sees("Decide change 1 first.");
  await ada.page.keyboard.press("Space");
  await ada.chooses(1, "Mine");
  await saves();
  await ada.isTold("Saved.");

  await remove(1);
  await ada.writes("Mine once more");
  await saves();
  await ada.reads("Deleted meanwhile");
  await saves();
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Mine once more");

  await ada.opens("#/");
  await saves();
  await ada.hears("There is nothing to save here.");
  assert.equal(await ada.saveDialogs(), 0);
});

test("the focus is never lost", async () => {
  await create(1, PICNIC);
  await create(2, PICNIC);
  const ada = await person("#/notes/1");
  const { keyboard } = ada.page;
  const presses = async (name) => {
    await ada.button(name).focus();
    await keyboard.press("Enter");
  };
  await ada.writes("Mine");
  await presses("Take back my edits");
  await ada.isTold("Your edits are taken back.");
  assert.equal(await ada.focus(), "Picnic");
  await presses("Bring my edits back");
  await ada.button("Take back my edits").waitFor();
  assert.equal(await ada.focus(), "Picnic");

  wire.answers("PUT", 503, {});
  await presses("Save");
  await ada.isTold("The notes are busy.");
  wire.forget();
  await put(1, { ...PICNIC, body: "Theirs" });
  await presses("Try again");
  await ada.reads("Two edits met");
  assert.equal(await ada.focus(), "Two edits met");
  await presses("Keep only theirs");
  await ada.isTold("Only theirs is kept.");
  assert.equal(await ada.focus(), "Picnic");

  await presses("Delete");
  await ada.page.getByRole("dialog").waitFor();
  await keyboard.press("Escape");
  await ada.page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await ada.focus(), "Delete");

  // In the list: the item stays under the focus when the list is drawn anew.
  await ada.page.getByRole("link", { name: "Picnic" }).last().focus();
  await put(2, { title: "Shopping", body: "Bread" });
  await ada.looksAgain();
  await ada.page.getByRole("link", { name: "Shopping" }).waitFor();
  assert.match(await ada.focus(), /^Shopping/);
  await keyboard.press("Enter");
  await ada.reads("Shopping");
  assert.equal(await ada.focus(), "Shopping");
});

test("what is kept of mine can be undone", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { title: "Theirs", body: "By Ben" });
  await ada.writes("By Ada");
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.press("Save only mine");
  await ada.isTold("Only yours is saved.");
  assert.equal((await stored(1)).body, "By Ada");
  // An undo is still offered after the next input, and can be undone itself.
  await ada.writes("By Ada, and more");
  await ada.press("Bring theirs back");
  await ada.isTold("The text from before is back.");
  assert.equal(await ada.field("Text").inputValue(), "By Ben");
  await ada.press("Bring mine back");
  await ada.isTold("The text from before is back.");
  assert.equal(await ada.field("Text").inputValue(), "By Ada, and more");
  await ada.press("Bring mine back");
  await ada.isTold("The text from before is back.");
  assert.equal(await ada.field("Text").inputValue(), "By Ben");
  await ada.saves();
  await ada.isTold("Saved.");
  const { title, body } = await stored(1);
  assert.deepEqual({ title, body }, { title: "Theirs", body: "By Ben" });
});

test("a new note begins in its title", async () => {
  const ada = await person();
  await ada.page.getByRole("link", { name: "New note" }).click();
  await ada.reads("A new note");
  assert.equal(await ada.focus(), "Title");
});

test("an undo lasts as long as the tab, and taking back an edit leaves that of a choice", async () => {
  await create(1, PICNIC);
  await create(2, { title: "Shopping", body: "Bread" });
  const ada = await person("#/notes/1");
  await put(1, { ...PICNIC, body: "By Ben" });
  await ada.writes("By Ada");
  await ada.saves();
  await ada.press("Keep only theirs");
  await ada.writesFirst("x");
  await ada.press("Take back my edits");
  await ada.isTold("Your edits are taken back.");
  for (const comes of [() => ada.reloads(), async () => { await ada.opens("#/notes/2"); await ada.reads("Shopping"); await ada.opens("#/notes/1"); }]) {
    await comes();
    await ada.isTold("Only theirs is kept.");
    await ada.isTold("Your edits are taken back.");
  }
  await ada.press("Bring mine back");
  await ada.isNotTold("Only theirs is kept.");
  assert.equal(await ada.field("Text").inputValue(), "By Ada");
  await ada.press("Bring my edits back");
  await ada.isTold("The text from before is back.");
  assert.equal(await ada.field("Text").inputValue(), "x\nBy Ben");
  await ada.press("Dismiss");
  await ada.isNotTold("The text from before is back.");

  // Theirs, after mine was saved over it; and nobody's newer version is overwritten by it.
  await put(2, { title: "Shopping", body: "Rolls" });
  await ada.opens("#/notes/2");
  await ada.reads("Shopping");
  await ada.writes("Milk");
  await put(2, { title: "Shopping", body: "Rolls, and butter" });
  await ada.saves();
  await ada.press("Save only mine");
  await ada.isTold("Only yours is saved.");
  await put(2, { title: "Shopping", body: "Milk, and salt" });
  await ada.reloads();
  await ada.press("Bring theirs back");
  assert.equal(await ada.field("Text").inputValue(), "Rolls, and butter");
  await ada.saves();
  await ada.reads("Two edits met");
  assert.equal((await stored(2)).body, "Milk, and salt");
});

test("choices survive a reload, and a newer version where they still fit", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const theirs = edited(["Bread", "Rye bread"], ["noon", "one"]);
  await put(1, { ...PICNIC, body: theirs });
  await ada.writes(edited(["Bread", "Rolls"], ["noon", "two"]));
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.chooses(1, "Both");
  await ada.chooses(2, "Mine");
  await ada.reloads();
  await ada.reads("Two edits met");
  await ada.sees("2 of 2 decided");
  assert.equal(await ada.result(), "Rye bread\nRolls\nCheese\nApples\n\nMeet at two");

  await put(1, { ...PICNIC, body: theirs.replace("one", "three") });
  await ada.looksAgain();
  await ada.isTold("Somebody has saved once more.");
  assert.equal(await ada.result(), "Rye bread\nRolls\nCheese\nApples\n\nMeet at two");
  await ada.press("Compare with the newest");
  await ada.reads("It has changed once more");
  await ada.sees("1 of 2 decided");
  assert.match(await ada.side(2, "Theirs").innerText(), /three/);
  await ada.chooses(2, "Theirs");
  await ada.press("Save merged");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Rye bread\nRolls\nCheese\nApples\n\nMeet at three");
});

test("the window and the heading say which note it is", async () => {
  await create(1, PICNIC);
  const ada = await person("#/");
  await ada.title("Two people, one note – Notes");
  await ada.opens("#/notes/1");
  await ada.title("Picnic – Notes");
  await ada.reads("Picnic");
  await ada.field("Title").fill("Sunday picnic");
  await ada.title("Sunday picnic – Notes");
  await ada.reads("Sunday picnic");
  await put(1, { ...PICNIC, title: "Saturday picnic" });
  await ada.saves();
  await ada.title("Two edits met: Picnic – Notes");
  await ada.opens("#/new");
  await ada.title("A new note – Notes");
});

test("while it saves, the page says so", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.writes("Mine");
  const release = wire.holds("PUT");
  await ada.saves();
  await ada.page.locator(".progress").getByText("Saving…").waitFor();
  await ada.page.locator("main[aria-busy=true]").waitFor();
  await ada.hears("Saving…");
  // What is pressed meanwhile makes no second save.
  await ada.saves();
  release();
  await ada.isTold("Saved.");
  await ada.hears("Saved. ");
  await ada.page.locator(".progress").waitFor({ state: "hidden" });
  assert.equal(wire.of("PUT", "/notes/1").length, 1);
});

test("a look at the window asks for news: 304, a newer version, or none any more", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const [{ fields: { etag } }] = wire.of("GET", "/notes/1");
  await ada.sees(/Read at \d/);
  wire.forget();
  await ada.looksAgain();
  await ada.sees(/Checked at [\d:]+: nothing newer, so nothing was sent again\./);
  const [{ status, headers }] = wire.of("GET", "/notes/1");
  assert.deepEqual([status, headers["if-none-match"]], [304, etag]);
  await ada.sawHappen(/GET \/notes\/1\s*If-None-Match: "[^"]+"\s*304\s*Nothing new: .* [\d,]+ bytes were not sent again/);

  // Nothing of one's own: the newer text.
  await put(1, { ...PICNIC, body: "Newer" });
  await ada.looksAgain();
  await ada.isTold("There was a newer version.");
  assert.equal(await ada.field("Text").inputValue(), "Newer");

  // Something of one's own: it stays, and one is told before one saves.
  await ada.writes("Mine");
  await put(1, { ...PICNIC, body: "Newer still" });
  await ada.looksAgain();
  await ada.isTold("Somebody has saved a newer version.");
  assert.equal(await ada.field("Text").inputValue(), "Mine");
  assert.deepEqual(wire.of("PUT", "/notes/1"), []);
  await ada.press("Compare");
  await ada.reads("Two edits met");
  await ada.press("Keep only theirs");

  await ada.writes("Mine, after all");
  await remove(1);
  await ada.looksAgain();
  await ada.isTold("Somebody has deleted this note.");
  assert.equal(await ada.field("Text").inputValue(), "Mine, after all");
  await ada.press("See what you can do");
  await ada.press("Put it back with my text");
  await ada.isTold("Saved.");
});

test("an answer to a look that comes too late changes nothing", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  // A look sees an older version than the save which overtakes it.
  await ada.writes("Mine");
  const late = wire.keepsBackNext("GET", "/notes/1");
  await ada.looksAgain();
  await late.isKept;
  await ada.saves();
  await ada.isTold("Saved.");
  late.release();
  await ada.sawHappen(/GET \/notes\/1\s*If-None-Match: "[^"]+"\s*304/);
  assert.equal(await ada.field("Text").inputValue(), "Mine");
  await ada.isTold("Saved.");

  // A question is about the version that was on the screen when it was asked.
  await put(1, { ...PICNIC, body: "Unseen" });
  await ada.press("Delete");
  await ada.looksAgain();
  await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await ada.reads("Changed since you read it");
  assert.equal((await stored(1)).body, "Unseen");
});

test("what was said of a save goes with the next input", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.writes("Mine");
  await ada.saves();
  await ada.isTold("Saved.");
  await ada.writesFirst("More");
  await ada.isNotTold("Saved.");
  await ada.sees("Not saved yet, kept in this browser");
  await ada.saves();
  await ada.isTold("Saved.");
  await put(1, { ...PICNIC, body: "Newer" });
  await ada.looksAgain();
  await ada.isTold("There was a newer version.");
  await ada.writesFirst("More");
  await ada.isNotTold("There was a newer version.");

  // Both are said: nothing is newer, and what is here is not saved.
  await ada.press("Check for changes");
  await ada.isTold("Nothing new.");
  await ada.sees(/Your text is not saved yet\./);
});

test("the message of an outage goes when the server is back, without being asked", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.page.clock.install();
  await ada.writes("Mine");
  wire.isCut(true);
  await ada.saves();
  await ada.isTold("No answer.");
  await ada.page.getByText("The list could not be read.").waitFor();
  await ada.page.clock.runFor(6_000);
  await ada.isTold("No answer.");
  wire.isCut(false);
  await ada.page.clock.runFor(6_000);
  await ada.isTold("The notes can be reached again.");
  await ada.sees(/Your text is not saved yet\./);
  await ada.page.getByText("The list could not be read.").waitFor({ state: "detached" });
  assert.equal(await ada.field("Text").inputValue(), "Mine");

  // A note that could not be read at all is read then.
  wire.isCut(true);
  await ada.opens("#/notes/2");
  await ada.reads("No answer.");
  await create(2, { title: "Shopping", body: "Bread" });
  wire.isCut(false);
  await ada.page.clock.runFor(6_000);
  await ada.reads("Shopping");
});

test("what one tab saves is in the list of the other, and in its note", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const other = await (await ada.anotherTab()).opens("#/notes/1");
  await ada.writes("Bread, by Ada", "Sunday picnic");
  await ada.saves();
  await ada.isTold("Saved.");
  await other.inShelf(/^Sunday picnic\s*Bread, by Ada/).waitFor();
  await other.reads("Sunday picnic");
});
