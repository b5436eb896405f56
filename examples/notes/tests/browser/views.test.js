// Every view of the page: no barrier in it, light and dark; it fits a phone; and it has its picture taken.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { PICNIC, create, edited, empty, person, put, remove } from "./scene.js";

const { UPDATE_SCREENSHOTS } = process.env;
const IMAGES = new URL("../../images/", import.meta.url);

// The views that there are, each brought about from nothing.
const VIEWS = {
  list: async (options) => person("", options),
  editor: async (options) => {
    const ada = await person("#/notes/1", options);
    await ada.writes(edited(["noon", "one"]));
    return ada;
  },
  conflict: async (options) => {
    const ada = await person("#/notes/2", options);
    await put(2, RECIPE.theirs);
    await ada.writes(RECIPE.mine.body);
    await ada.saves();
    await ada.reads("Two edits met");
    return ada;
  },
  deleted: async (options) => {
    const ada = await VIEWS.editor(options);
    await remove(1);
    await ada.saves();
    await ada.reads("Deleted meanwhile");
    return ada;
  },
  question: async (options) => {
    const ada = await person("#/notes/1", options);
    await ada.press("Delete");
    await ada.page.getByRole("dialog").waitFor();
    return ada;
  },
};

const RECIPE = {
  base: { title: "Pancakes", body: "Serves four.\n\n250 g flour\n2 eggs\n300 ml milk\n\nLet the batter rest for ten minutes.\nWith sugar and lemon." },
  theirs: { title: "Pancakes", body: "Serves six.\n\n250 g flour\n2 eggs\n300 ml milk\n\nLet the batter rest for half an hour.\nWith sugar and lemon." },
  mine: { title: "Pancakes", body: "Serves four.\n\n250 g flour\n2 eggs\n300 ml oat milk\n\nLet the batter rest overnight, in the fridge.\nWith sugar and lemon." },
};

async function furnish() {
  await create(1, PICNIC);
  await create(2, RECIPE.base);
  await create(3, { title: "Reading list", body: "RFC 9110, section 13\nRFC 7240" });
}

for (const colorScheme of ["light", "dark"]) {
  test(`no barrier in any view, ${colorScheme}`, async () => {
    for (const [name, view] of Object.entries(VIEWS)) {
      await furnish();
      const ada = await view({ colorScheme });
      await ada.isAccessible(`${name}, ${colorScheme}`);
      await empty();
    }
  });
}

test("every view fits a phone", async () => {
  for (const [name, view] of Object.entries(VIEWS)) {
    await furnish();
    const ada = await view({ viewport: { width: 360, height: 740 } });
    await ada.fitsItsWindow(name);
    await empty();
  }
});

// For the README. The files change only when asked to, so that a run leaves everything as it was.
test("the conflict view has its picture taken", async () => {
  const wide = { viewport: { width: 1120, height: 800 }, deviceScaleFactor: 1.5 };
  const narrow = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5 };
  const pictures = { "conflict.png": wide, "conflict-dark.png": { ...wide, colorScheme: "dark" }, "conflict-phone.png": narrow };
  for (const [file, options] of Object.entries(pictures)) {
    await furnish();
    const ada = await VIEWS.conflict(options);
    await ada.chooses(3, "Mine");
    // A window as high as the page: what sticks to its lower edge then stands where it belongs.
    const height = await ada.page.evaluate(() => document.documentElement.scrollHeight);
    await ada.page.setViewportSize({ width: options.viewport.width, height: Math.min(height, 1750) });
    await ada.page.evaluate(() => scrollTo(0, 0));
    const picture = await ada.page.screenshot();
    assert.ok(picture.length > 0);
    if (UPDATE_SCREENSHOTS === "1") await writeFile(new URL(file, IMAGES), picture);
    await empty();
  }
});
