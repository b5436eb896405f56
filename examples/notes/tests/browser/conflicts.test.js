// The lost update, seen in a browser: one of two saves is refused, and nobody's text is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PICNIC, create, edited, person, put, read, remove, stored, two, wire } from "./scene.js";

test("one of two saves wins, the other is merged, and the note has both edits", async () => {
  await create(1, PICNIC);
  const [ada, ben] = await two("#/notes/1");
  await ada.writes(edited(["Cheese", "Goat cheese"]));
  await ben.writes(edited(["Cheese", "Hard cheese"], ["noon", "one"]));
  await Promise.all([ada.saves(), ben.saves()]);
  await Promise.any([ada, ben].map((one) => one.reads("Two edits met")));

  const saves = wire.of("PUT", "/notes/1");
  assert.deepEqual(saves.map(({ status }) => status).sort(), [200, 412]);
  assert.equal(saves[0].headers["if-match"], saves[1].headers["if-match"]);

  const isAda = await ada.page.getByRole("heading", { name: "Two edits met" }).isVisible();
  const [winner, loser] = isAda ? [ben, ada] : [ada, ben];
  await winner.isTold("Saved.");
  const cheese = isAda ? { theirs: "Hard cheese", mine: "Goat cheese" } : { theirs: "Goat cheese", mine: "Hard cheese" };
  for (const [side, text] of [["Before", "Cheese"], ["Theirs", cheese.theirs], ["Mine", cheese.mine]]) {
    assert.match(await loser.side(1, side).innerText(), new RegExp(text));
  }

  await loser.press("Save merged");
  await loser.sees("Decide change 1 first.");
  await loser.chooses(1, "Both");
  assert.equal(await loser.result(), `Bread\n${cheese.theirs}\n${cheese.mine}\nApples\n\nMeet at one`);
  await loser.press("Save merged");
  await loser.isTold("Saved.");
  assert.equal((await stored(1)).body, `Bread\n${cheese.theirs}\n${cheese.mine}\nApples\n\nMeet at one`);

  // Refetched, and sent with the fresh tag as it was received.
  const fresh = wire.of("GET", "/notes/1").at(-2).fields.etag;
  assert.equal(wire.of("PUT", "/notes/1").at(-1).headers["if-match"], fresh);
});

test("edits to different lines fit together", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { title: "Sunday picnic", body: edited(["noon", "one"]) });
  await ada.writes(edited(["Bread", "Rolls"]));
  await ada.saves();
  await ada.reads("Two edits met, and fit together");
  await ada.press("Save merged");
  await ada.isTold("Saved.");
  const { title, body } = await stored(1);
  assert.deepEqual({ title, body }, { title: "Sunday picnic", body: edited(["Bread", "Rolls"], ["noon", "one"]) });
});

test("neighbouring lines of which each changed another fit together", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { ...PICNIC, body: edited(["Bread", "Rolls"], ["Apples", "Pears"]) });
  await ada.writes(edited(["Cheese", "Goat cheese"]));
  await ada.saves();
  await ada.reads("Two edits met, and fit together");
  for (const [number, text] of [[1, "Rolls"], [2, "Goat cheese"], [3, "Pears"]]) {
    assert.match(await ada.change(number).innerText(), new RegExp(text));
  }
  await ada.press("Save merged");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Rolls\nGoat cheese\nPears\n\nMeet at noon");
});

test("both have what each side has, and no line of both twice", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { ...PICNIC, body: edited(["Bread", "Rolls\nButter\nSalt"]) });
  await ada.writes(edited(["Bread", "Rye bread\nButter\nPepper"]));
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.chooses(1, "Both");
  assert.equal(await ada.result(), "Rolls\nRye bread\nButter\nSalt\nPepper\nCheese\nApples\n\nMeet at noon");
});

test("the words that differ are marked, and no others", async () => {
  const body = "We meet at noon by the old bridge, and bring bread.\nWho brings the cheese? And 🧺 by whom?";
  await create(1, { title: "Picnic", body });
  const ada = await person("#/notes/1");
  await put(1, { title: "Picnic", body: body.replace("noon", "one").replace("bread", "rye bread").replace("cheese", "good old cheese") });
  await ada.writes(body.replace("old", "new").replace("cheese", "wine"));
  await ada.saves();
  await ada.reads("Two edits met");
  assert.deepEqual(await ada.marks(1, "Theirs"), ["one", "rye", "good old"]);
  assert.deepEqual(await ada.marks(1, "Mine"), ["new", "wine"]);
});

test("the merged text can be edited while some is undecided, and is not saved so by accident", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { title: "By Ben", body: edited(["Cheese", "Goat cheese"], ["noon", "one"]) });
  await ada.writes(edited(["Cheese", "Hard cheese"], ["noon", "two"]), "By Ada");
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.chooses(2, "Both");
  await ada.press("Edit the merged text");
  await ada.isTold("2 places are not decided.");
  const marked = "Bread\nGoat cheese\nHard cheese\nApples\n\n«««««« Theirs\nMeet at one\n══════ Mine\nMeet at two\n»»»»»» Not decided until here";
  assert.equal(await ada.field("Text").inputValue(), marked);
  assert.equal(await ada.field("Title").inputValue(), "«««««« By Ben ══════ By Ada »»»»»»");

  // Back, with what was chosen, and again.
  await ada.press("Bring mine back");
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.sees("1 of 3 decided");
  await ada.press("Edit the merged text");
  await ada.isTold("2 places are not decided.");

  wire.forget();
  const dialog = ada.page.getByRole("dialog");
  await ada.saves();
  await dialog.getByText("Save it with the marks?").waitFor();
  await dialog.getByRole("button", { name: "Go on editing" }).click();
  await ada.isTold("2 places are not decided.");
  await ada.reloads();
  await ada.isTold("2 places are not decided.");
  await ada.page.clock.install();
  await ada.field("Save as I type").check();
  await ada.page.clock.runFor(5_000);
  assert.deepEqual(wire.of("PUT", "/notes/1"), []);
  await ada.field("Save as I type").uncheck();

  await ada.writes(edited(["Cheese", "Goat cheese"]), "By us");
  await ada.isNotTold("2 places are not decided.");
  await ada.writes(edited(["Cheese", "Goat cheese"], ["noon", "one o'clock"]), "By us");
  await ada.saves();
  await ada.isTold("Saved.");
  const { title, body } = await stored(1);
  assert.deepEqual({ title, body }, { title: "By us", body: edited(["Cheese", "Goat cheese"], ["noon", "one o'clock"]) });

  // A rule that somebody has drawn is no mark.
  await ada.writes(`Picnic\n${"═".repeat(12)}\nBread`);
  await ada.saves();
  await ada.isTold("Saved.");

  // Somebody who says so may save the marks.
  await ada.writes("══════ Mine");
  await ada.saves();
  await dialog.getByRole("button", { name: "Save with the marks" }).click();
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "══════ Mine");
});

test("a conflict while resolving one leads back to the same view", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { ...PICNIC, body: edited(["Cheese", "Goat cheese"]) });
  await ada.writes(edited(["Cheese", "Hard cheese"]));
  await ada.saves();
  await ada.reads("Two edits met");
  await put(1, { ...PICNIC, body: edited(["Cheese", "No cheese"]) });
  await ada.chooses(1, "Mine");
  await ada.press("Save merged");
  await ada.reads("It has changed once more");
  assert.match(await ada.side(1, "Before").innerText(), /Goat cheese/);
  assert.match(await ada.side(1, "Theirs").innerText(), /No cheese/);
  assert.match(await ada.side(1, "Mine").innerText(), /Hard cheese/);
  await ada.press("Save only mine");
  await ada.isTold("Only yours is saved.");
  assert.equal((await stored(1)).body, edited(["Cheese", "Hard cheese"]));
  assert.deepEqual(wire.of("PUT", "/notes/1").map(({ status }) => status), [412, 412, 200]);
});

test("nothing to save makes no version", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.saves();
  await ada.isTold("There was nothing to save.");
  assert.deepEqual(wire.of("PUT", "/notes/1"), []);
});

test("to keep one side says what it drops of the other, and how that is undone", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const meets = async () => {
    await put(1, { title: "By Ben", body: edited(["Cheese", "Goat cheese"], ["noon", "one"]) });
    await ada.writes(edited(["Bread", "Rolls"], ["noon", "two"]));
    await ada.saves();
    await ada.reads("Two edits met");
  };
  const says = async (name, drops) => {
    await ada.button(name).getByText(`drops ${drops}`, { exact: true }).waitFor();
    assert.match(await ada.button(name).getAttribute("title"), new RegExp(`${drops}, also in lines that did not clash`));
    await ada.press(name);
  };
  await meets();
  await says("Save only mine", "their 3 changes");
  await ada.isTold("Only yours is saved.");
  await ada.sees(/Dropped: their 3 changes\. “Bring theirs back” undoes it\./);
  await put(1, PICNIC);
  await ada.looksAgain();
  await ada.isTold("There was a newer version.");
  await meets();
  await says("Keep only theirs", "my 2 changes");
  await ada.isTold("Only theirs is kept.");
  await ada.sees(/Dropped: my 2 changes\. “Bring mine back” undoes it\./);
});

test("theirs can be kept, and mine brought back", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { ...PICNIC, body: "Theirs" });
  await ada.writes("Mine");
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.press("Keep only theirs");
  assert.equal(await ada.field("Text").inputValue(), "Theirs");
  await ada.press("Bring mine back");
  assert.equal(await ada.field("Text").inputValue(), "Mine");
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.chooses(1, "Mine");
  await ada.press("Edit the merged text");
  await ada.writes("Mine, edited");
  await ada.saves();
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Mine, edited");
});

test("a reload asks for news only, and gets 304", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const tags = Object.fromEntries(["/", "/notes", "/notes/1"].map((path) => [path, wire.of("GET", path).at(-1).fields.etag]));
  wire.forget();
  await ada.reloads();
  for (const [path, tag] of Object.entries(tags)) {
    const [{ status, headers }] = wire.of("GET", path);
    assert.deepEqual([status, headers["if-none-match"]], [304, tag], path);
  }
  assert.equal(await ada.field("Text").inputValue(), PICNIC.body);
  await ada.sawHappen(/GET \/notes\/1\s*If-None-Match: "[^"]+"\s*304\s*Nothing new/);
});

test("looking for changes brings the newest text, or says that there is none", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.press("Check for changes");
  await ada.isTold("Nothing new.");
  await put(1, { ...PICNIC, body: "Newer" });
  await ada.press("Check for changes");
  await ada.isTold("There was a newer version.");
  assert.equal(await ada.field("Text").inputValue(), "Newer");
  await ada.writes("Mine");
  await put(1, { ...PICNIC, body: "Newer still" });
  await ada.press("Check for changes");
  await ada.isTold("Somebody has saved a newer version.");
  assert.equal(await ada.field("Text").inputValue(), "Mine");
  await ada.press("Compare");
  await ada.reads("Two edits met");
});

test("deleted meanwhile: the text is still here, and can be put back", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await remove(1);
  await ada.writes("Mine");
  await ada.saves();
  await ada.reads("Deleted meanwhile");
  await ada.sawHappen(/PUT \/notes\/1\s*If-Match: "[^"]+"\s*412\s*absent/);
  await ada.press("Put it back with my text");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Mine");
  assert.equal(wire.of("PUT", "/notes/1").at(-1).headers["if-none-match"], "*");
});

test("put back by two: the second one merges", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await remove(1);
  await ada.writes(edited(["Bread", "Rolls"]));
  await ada.saves();
  await ada.reads("Deleted meanwhile");
  await create(1, { ...PICNIC, body: edited(["noon", "one"]) });
  await ada.press("Put it back with my text");
  await ada.reads("Two edits met, and fit together");
  await ada.sees(/^Somebody has put this note back already\./);
  await ada.press("Save merged");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, edited(["Bread", "Rolls"], ["noon", "one"]));
});

test("put back what somebody has put back already: nothing is lost, and one is told", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  const deletes = async () => {
    await ada.press("Delete");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Delete the note" }).click();
    await ada.reads("Deleted");
  };
  await deletes();
  await create(1, PICNIC);
  await ada.press("Put it back");
  await ada.isTold("Somebody has put it back already.");
  assert.deepEqual(wire.of("PUT", "/notes/1").map(({ status }) => status), [412]);

  await deletes();
  await create(1, { title: "Tax", body: "Another note" });
  await ada.press("Put it back");
  await ada.reads("Somebody was first");
  await ada.sees(/Somebody has put this note back already, with another text\./);
  await ada.sees("Another note");
  // The text is nowhere else by now: it is kept.
  await ada.reloads();
  await ada.reads("Somebody was first");
  await ada.press("Keep only theirs");
  await ada.isTold("Only theirs is kept.");
  await ada.press("Bring mine back");
  await ada.press("Save");
  await ada.press("Save mine as a note of its own");
  await ada.isTold("Saved.");
  assert.deepEqual([(await stored(1)).body, (await stored(2)).body], ["Another note", PICNIC.body]);
  assert.match(ada.page.url(), /#\/notes\/2$/);
});

test("what was typed and not saved is not put back for everybody, and can be had again", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.writes("Typed, not saved", "Typed");
  await ada.press("Delete");
  const dialog = ada.page.getByRole("dialog");
  await dialog.getByText(/goes with it, unless you put the note back at once/).waitFor();
  await dialog.getByRole("button", { name: "Delete the note" }).click();
  await ada.sees("“Picnic” is gone.");
  await ada.press("Put it back");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, PICNIC.body);
  await ada.isTold("Your edits are not in it.");
  await ada.press("Bring my edits back");
  assert.equal(await ada.field("Text").inputValue(), "Typed, not saved");
  await ada.saves();
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).title, "Typed");
});

test("what is missing for a save comes into view and is marked, after a click too", async () => {
  const body = Array.from({ length: 30 }, (_, line) => `Line ${line}`).join("\n");
  await create(1, { title: "Long", body });
  const ada = await person("#/notes/1");
  const change = (who) => body.split("\n").map((line, index) => index % 2 === 0 ? line : index === 5 ? who : `${line}, ${who}`).join("\n");
  await put(1, { title: "Long", body: body.replace("Line 1\n", "Line one\n") });
  await ada.writes(change("Ada").replace("Line 1, Ada", "Line eins"));
  await ada.saves();
  await ada.reads("Two edits met");
  await ada.page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  assert.ok(!await ada.isInWindow(ada.change(1)), "it is out of view");
  await ada.press("Save merged");
  await ada.sees("Decide change 1 first.");
  const first = ada.change(1).getByRole("radio").first();
  assert.ok(await ada.isInWindow(first), "it is in view");
  const outline = () => ada.change(1).evaluate((change) => getComputedStyle(change).outlineStyle);
  assert.equal(await outline(), "solid");
  await ada.chooses(1, "Mine");
  assert.equal(await outline(), "none");
});

test("put back in an outage: the text is kept until it is saved", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.press("Delete");
  await ada.page.getByRole("dialog").getByRole("button", { name: "Delete the note" }).click();
  wire.answers("PUT", 503, {});
  await ada.press("Put it back");
  await ada.isTold("The notes are busy.");
  await ada.sees("Not saved yet, kept in this browser");
  wire.forget();
  await ada.reloads();
  await ada.reads("Deleted meanwhile");
  await ada.press("Put it back with my text");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, PICNIC.body);
});

test("changed meanwhile: not deleted unseen", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await put(1, { ...PICNIC, body: "Newer" });
  await ada.press("Delete");
  await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await ada.reads("Changed since you read it");
  await ada.sees(/Newer/);
  await ada.press("Delete this version");
  await ada.reads("Deleted");
  assert.equal((await read(1)).status, 404);
  await ada.press("Put it back");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Newer");
});

test("two delete: the second one learns that it is gone", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await remove(1);
  await ada.press("Delete");
  await ada.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await ada.reads("There is no such note");
});

test("created meanwhile: two notes, or one merged", async () => {
  const [ada, ben] = await two("#/new");
  await ada.writes("Ada's", "Ada");
  await ben.writes("Ben's", "Ben");
  await ada.saves();
  await ada.isTold("Saved.");
  await ben.saves();
  await ben.reads("Somebody was first");
  await ben.sees(/Ada's/);
  await ben.sees(/Ben's/);
  await ben.press("Save mine as a note of its own");
  await ben.isTold("Saved.");
  assert.deepEqual([(await stored(1)).body, (await stored(2)).body], ["Ada's", "Ben's"]);
  assert.deepEqual(wire.of("PUT", "/notes/1").map(({ headers }) => headers["if-none-match"]), ["*", "*"]);
  assert.match(ben.page.url(), /#\/notes\/2$/);

  const cleo = await person("#/new");
  await cleo.writes("Cleo's", "Cleo");
  await create(3, { title: "Dan", body: "Dan's" });
  await cleo.saves();
  await cleo.press("Merge the two");
  await cleo.chooses(1, "Theirs");
  await cleo.chooses(2, "Both");
  await cleo.press("Save merged");
  await cleo.isTold("Saved.");
  const { title, body } = await stored(3);
  assert.deepEqual({ title, body }, { title: "Dan", body: "Dan's\nCleo's" });
});

test("what nobody can decide is said in plain words, and nothing is lost", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.writes("Mine");

  wire.changes(({ headers }) => { delete headers["if-match"]; });
  await ada.saves();
  await ada.isTold("The server was not told which version you changed.");
  assert.equal(wire.of("PUT", "/notes/1").at(-1).status, 428);

  wire.changes(({ method, headers }) => { if (method === "PUT") headers["if-match"] = `W/${headers["if-match"]}`; });
  await ada.saves();
  await ada.isTold("Refused, although the note is as you know it.");

  assert.equal(await ada.field("Text").inputValue(), "Mine");
  assert.equal((await stored(1)).body, PICNIC.body);
});

test("unavailable: nothing is saved, and the same request may be tried again", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.writes("Mine");
  wire.answers("PUT", 503, { "Retry-After": "2" });
  await ada.saves();
  await ada.isTold("The notes are busy.");
  await ada.sees(/Try again in 2 seconds\./);
  wire.forget();
  await ada.press("Try again");
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Mine");
});

test("an answer that is lost is not a save that is lost, nor one that is made twice", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.writes("Mine");
  wire.losesAnswersTo("PUT");
  await ada.saves();
  await ada.isTold("No answer.");
  wire.forget();
  await ada.press("Check for changes");
  await ada.isTold("Nothing left to save.");
  assert.deepEqual(wire.of("PUT", "/notes/1"), []);
  assert.equal(await ada.field("Text").inputValue(), "Mine");
});

test("saving as one types stops at a conflict, and leaves the text alone", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.page.clock.install();
  await ada.field("Save as I type").check();
  await put(1, { ...PICNIC, body: "Theirs" });
  for (const words of ["Mine", "Mine, more of it"]) {
    await ada.writes(words);
    await ada.page.clock.runFor(2_000);
    await ada.isTold("Somebody has saved a newer version.");
    assert.equal(await ada.field("Text").inputValue(), words);
  }
  assert.deepEqual(wire.of("PUT", "/notes/1").map(({ status }) => status), [412]);
});

test("a new note that did not arrive is not called deleted", async () => {
  const ada = await person("#/new");
  await ada.writes("Mine", "Ada's");
  wire.answers("PUT", 500, {});
  await ada.saves();
  await ada.isTold("Something went wrong on the server.");
  wire.forget();
  await ada.press("Check for changes");
  await ada.isTold("Not on the server yet.");
  await ada.saves();
  await ada.isTold("Saved.");
  assert.equal((await stored(1)).body, "Mine");
});

test("saves as one types only when asked to", async () => {
  await create(1, PICNIC);
  const ada = await person("#/notes/1");
  await ada.page.clock.install();
  await ada.writes("Mine");
  await ada.page.clock.runFor(60_000);
  assert.deepEqual(wire.of("PUT", "/notes/1"), []);
  await ada.field("Save as I type").check();
  await ada.isTold("Saved.");
  await ada.writes("Mine, more of it");
  await ada.page.clock.runFor(2_000);
  await ada.isTold("Saved.");
  assert.ok(await ada.field("Text").evaluate((field) => field === document.activeElement), "the cursor stays");
  assert.equal((await stored(1)).body, "Mine, more of it");
});
