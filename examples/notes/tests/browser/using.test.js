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
