// What was typed and not saved: it survives, is in the list, and can be opened.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PICNIC, create, person, put, remove, stored, wire } from "./scene.js";

test("a draft survives a reload, on the version that it was made from", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.writes("Typed, not saved");
  await put(1, { ...PICNIC, body: "Theirs" });
  await ada.reloads();
  assert.equal(await ada.field("Text").inputValue(), "Typed, not saved");
  await ada.isTold("Somebody has saved a newer version.");
  await ada.saves();
  await ada.reads("Two edits met");
  assert.match(await ada.side(1, "Before").innerText(), /Cheese/);

  await ada.opens("#/new");
  await ada.writes("A new one", "New");
  await ada.reloads();
  assert.equal(await ada.field("Text").inputValue(), "A new one");
});

test("a draft belongs to its tab, and outlives it", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const other = await (await ada.anotherTab()).opens("#/notes/1");
  await ada.writes("In the first tab");
  await other.writes("In the second tab");
  await Promise.all([ada.reloads(), other.reloads()]);
  assert.equal(await ada.field("Text").inputValue(), "In the first tab");
  assert.equal(await other.field("Text").inputValue(), "In the second tab");

  await other.page.close();
  await ada.press("Take back my edits");
  const third = await (await ada.anotherTab()).opens("#/notes/1");
  assert.equal(await third.field("Text").inputValue(), "In the second tab");
});

test("the draft of a note that was deleted is in the list, and opens, after a reload too", async () => {
  await create(1, PICNIC);
  await create(2, { title: "Shopping", body: "Bread" });
  const ada = await person("#/notes/2");
  await ada.writes("Bread, and what I need for Sunday", "Shopping list");
  await remove(2);
  await ada.opens("#/");
  await ada.looksAgain();
  for (const comes of [() => ada.looksAgain(), () => ada.reloads()]) {
    await comes();
    await ada.inShelf(/Shopping list\s*draft\s*Not on the server: kept in this browser/).click();
    await ada.reads("Deleted meanwhile");
    await ada.sees("Bread, and what I need for Sunday");
    await ada.opens("#/");
  }
  // Its number is taken by no new note, so nobody is asked to merge the two.
  await ada.opens("#/new");
  await ada.writes("Another", "Another");
  await ada.saves();
  await ada.isTold("Saved.");
  assert.equal((await stored(3)).title, "Another");

  await ada.inShelf(/Shopping list/).click();
  await ada.press("Put it back with my text");
  await ada.isTold("Saved.");
  assert.equal((await stored(2)).body, "Bread, and what I need for Sunday");
  await ada.inShelf(/^Shopping list\s*Bread, and/).waitFor();

  await ada.writes("Never mind");
  await remove(2);
  await ada.saves();
  // The only copy is not thrown away unasked.
  const answers = async (answer) => {
    await ada.press("Throw my text away");
    await ada.page.getByRole("dialog").getByText("It is not on the server, and cannot be brought back.").waitFor();
    await ada.page.getByRole("dialog").getByRole("button", { name: answer, exact: true }).click();
  };
  await answers("Keep it");
  await ada.reloads();
  await ada.reads("Deleted meanwhile");
  await ada.sees("Never mind");
  await answers("Throw it away");
  await ada.reads("Two people, one note");
  await ada.inShelf(/Shopping list/).waitFor({ state: "detached" });
});

test("the draft of a deleted note that another tab has open is in the list, and may be copied", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const other = await (await ada.anotherTab()).opens("#/");
  await ada.writes("Typed in the first tab");
  await remove(1);
  await other.looksAgain();
  await other.inShelf(/Picnic\s*draft\s*Not on the server: kept in another tab/).click();
  await other.reads("Not on the server any more");
  await other.sees("Typed in the first tab");
  await other.press("Go on with a copy here");
  await other.reads("Deleted meanwhile");
  await other.inShelf(/Not on the server: kept in this browser/).waitFor();
  await other.press("Throw my text away");
  await other.page.getByRole("dialog").getByRole("button", { name: "Throw it away" }).click();
  await other.reads("Two people, one note");

  // The first tab still has it; and once that tab is closed, the second one finds it.
  await ada.reloads();
  await ada.reads("Deleted meanwhile");
  await ada.page.close();
  await other.reloads();
  await other.inShelf(/Not on the server: kept in this browser/).click();
  await other.reads("Deleted meanwhile");
  await other.press("Put it back with my text");
  await other.isTold("Saved.");
  assert.equal((await stored(1)).body, "Typed in the first tab");
  assert.equal(wire.of("PUT", "/notes/1").at(-1).headers["if-none-match"], "*");
});

test("a new draft has its title in the list as it is typed, in every view", async () => {
  const ada = await person("#/new");
  await ada.writes("Bread", "");
  await ada.inShelf(/^A new note\s*draft\s*Bread/).waitFor();
  await ada.field("Title").fill("Shopping");
  await ada.inShelf(/^Shopping\s*draft\s*Bread/).waitFor();
  await ada.opens("#/");
  await ada.inShelf(/^Shopping/).click();
  await ada.reads("Shopping");
});
