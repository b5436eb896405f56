// The page to read the description with, and that it needs nothing from elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";
import { person, wire } from "./scene.js";

test("the description can be read, and everything of its page comes from the service", async () => {
  const ada = await person("");
  const elsewhere = [];
  await ada.context.route((url) => url.origin !== new URL(wire.url).origin, (route) => {
    if (new URL(route.request().url()).protocol !== "data:") elsewhere.push(route.request().url());
    return route.abort();
  });
  await ada.page.goto(`${wire.url}api/`);
  await ada.page.locator("#operations-notes-delete_note").click();
  await ada.page.getByText("If-Match").first().waitFor();
  assert.deepEqual(elsewhere, []);
});
