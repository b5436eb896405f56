// Every view of the page: no barrier in it, light and dark; it fits a phone; and it has its picture taken.

import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { TAKES_PICTURES } from "./browsers.js";
import { PICNIC, create, edited, person, put, remove, wire } from "./scene.js";

const { UPDATE_SCREENSHOTS } = process.env;
if (UPDATE_SCREENSHOTS === "1" && !TAKES_PICTURES) throw new Error("pictures are taken in Chromium alone");

const IMAGES = new URL("../../images/", import.meta.url);
const WIDE = { width: 1120, height: 800 };
const NARROW = { width: 360, height: 740 };

const RECIPE = {
  base: { title: "Pancakes", body: "Serves four.\n\n250 g flour\n2 eggs\n300 ml milk\n\nLet the batter rest for ten minutes.\nWith sugar and lemon." },
  theirs: { title: "Pancakes", body: "Serves six.\n\n250 g flour\n2 eggs\n300 ml milk\n\nLet the batter rest for half an hour.\nWith sugar and lemon." },
  mine: { title: "Pancakes", body: "Serves four.\n\n250 g flour\n2 eggs\n300 ml oat milk\n\nLet the batter rest overnight, in the fridge.\nWith sugar and lemon." },
};

const LONG = {
  title: "What we said we would bring to the picnic on Sunday, and who brings which part of it, and what if it rains",
  body: `${"We meet at the river, behind the second bridge, where the grass is short, ".repeat(60)}\nhttps://example.org/${"a".repeat(200)}`,
};
const ARABIC = { title: "نزهة يوم الأحد", body: "خبز وجبن وتفاح\nنلتقي عند الظهر 🧺" };

// What there is to see, each brought about from nothing.
const VIEWS = {
  list: () => person(""),
  editor: async () => {
    const ada = await person("#/notes/1");
    await ada.writes(edited(["noon", "one"]));
    return ada;
  },
  new: () => person("#/new"),
  saved: async () => {
    const ada = await VIEWS.editor();
    await ada.saves();
    await ada.isTold("Saved.");
    return ada;
  },
  saving: async () => {
    const ada = await VIEWS.editor();
    wire.holds("PUT");
    await ada.saves();
    await ada.page.locator(".progress").waitFor();
    return ada;
  },
  current: async () => {
    const ada = await person("#/notes/1");
    await ada.looksAgain();
    await ada.sees(/nothing newer, so nothing was sent again/);
    return ada;
  },
  behind: async () => {
    const ada = await VIEWS.editor();
    await put(1, { ...PICNIC, body: edited(["Bread", "Rolls"]) });
    await ada.looksAgain();
    await ada.isTold("Somebody has saved a newer version.");
    return ada;
  },
  conflict: async () => {
    const ada = await person("#/notes/2", { viewport: WIDE, ...SHARP });
    await put(2, RECIPE.theirs);
    await ada.writes(RECIPE.mine.body);
    await ada.saves();
    await ada.reads("Two edits met");
    await ada.chooses(3, "Mine");
    return ada;
  },
  fitting: async () => {
    const ada = await VIEWS.editor();
    await put(1, { ...PICNIC, body: edited(["Bread", "Rolls"]) });
    await ada.saves();
    await ada.reads("Two edits met, and fit together");
    return ada;
  },
  long: async () => {
    const ada = await person("#/notes/3");
    await put(3, { ...LONG, body: `Theirs. ${LONG.body}` });
    await ada.writes(`Mine. ${LONG.body}`);
    await ada.saves();
    await ada.reads("Two edits met");
    return ada;
  },
  arabic: async () => {
    const ada = await person("#/notes/4");
    await ada.writes(`${ARABIC.body}\nجبن`);
    return ada;
  },
  taken: async () => {
    const ada = await person("#/new");
    await ada.writes("By Ada", "Ada's note");
    await create(5, { title: "Ben's note", body: "By Ben" });
    await ada.saves();
    await ada.reads("Somebody was first");
    return ada;
  },
  deleted: async () => {
    const ada = await VIEWS.editor();
    await remove(1);
    await ada.saves();
    await ada.reads("Deleted meanwhile");
    return ada;
  },
  changed: async () => {
    const ada = await person("#/notes/1");
    await put(1, { ...PICNIC, body: edited(["Bread", "Rolls"]) });
    await ada.press("Delete");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await ada.reads("Changed since you read it");
    return ada;
  },
  missing: () => person("#/notes/99"),
  question: async () => {
    const ada = await person("#/notes/1");
    await ada.press("Delete");
    await ada.page.getByRole("dialog").waitFor();
    return ada;
  },
  busy: async () => {
    const ada = await VIEWS.editor();
    wire.answers("PUT", 503, { "Retry-After": "2" });
    await ada.saves();
    await ada.isTold("The notes are busy.");
    return ada;
  },
};

// For the README.
const SHARP = UPDATE_SCREENSHOTS === "1" ? { deviceScaleFactor: 1.5 } : {};

for (const [name, view] of Object.entries(VIEWS)) {
  test(`the view ${name}: no barrier, and on a phone`, async () => {
    await create(1, PICNIC);
    await create(2, RECIPE.base);
    await create(3, LONG);
    await create(4, ARABIC);
    const ada = await view();
    await ada.isAccessible(`${name}, light`);
    await takePicture(ada, `${name}.png`, WIDE);
    await ada.prefers("dark");
    await ada.hasContrast(`${name}, dark`);
    await takePicture(ada, `${name}-dark.png`, WIDE);
    await ada.prefers("light");
    await ada.page.setViewportSize(NARROW);
    await ada.fitsItsWindow(name);
    if (name === "conflict") await takePicture(ada, "conflict-phone.png", NARROW);
  });
}

// The files change only when asked to, so that a run leaves everything as it was.
async function takePicture(ada, file, size) {
  if (UPDATE_SCREENSHOTS !== "1") return;
  const { page } = ada;
  // A window as high as the page: what sticks to its lower edge then stands where it belongs.
  await page.setViewportSize(size);
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...size, height: Math.min(height, 2750) });
  await page.evaluate(() => scrollTo(0, 0));
  await ada.isStill();
  await writeFile(new URL(file, IMAGES), await page.screenshot());
}
