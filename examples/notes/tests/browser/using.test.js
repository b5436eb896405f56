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
