// Somebody at a browser, who sees names and labels and no selectors.

import assert from "node:assert/strict";
import axe from "axe-core";
import { PATIENCE, fill, prefers, writesErrorsDown } from "./browsers.js";

export class Person {
  #faults = [];

  // Each person has storage, cookies and a cache of their own.
  static async at(url, browser, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
    context.setDefaultTimeout(PATIENCE);
    await writesErrorsDown(context);
    return new Person(url, context).#withTab();
  }

  // Another tab of the same browser.
  anotherTab() {
    return new Person(this.url, this.context).#withTab();
  }

  constructor(url, context) {
    Object.assign(this, { url, context });
  }

  async #withTab() {
    this.page = await this.context.newPage();
    this.page.on("pageerror", (error) => this.#faults.push(String(error)));
    this.page.on("console", (message) => {
      // A refused request is no fault, but the browser writes it down all the same.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        this.#faults.push(message.text());
      }
    });
    return this;
  }

  async opens(hash = "") {
    await (this.page.url().startsWith(this.url) ? this.#turnsTo(hash) : this.page.goto(this.url + hash));
    return this.#arrived();
  }

  // Within the page. The driver of Firefox waits in vain for a `goto` that loads nothing.
  #turnsTo(hash) {
    return this.page.evaluate((hash) => new Promise((turned) => {
      addEventListener("hashchange", turned, { once: true });
      location.hash = hash;
    }), hash);
  }

  async reloads() {
    await this.page.reload();
    return this.#arrived();
  }

  async #arrived() {
    await this.page.locator("main h1").waitFor();
    await this.page.locator("#shelf > *").first().waitFor({ state: "attached" });
    return this;
  }

  button(name) {
    return this.page.getByRole("main").getByRole("button", { name, exact: true }).first();
  }

  press(name) {
    return this.button(name).click();
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true });
  }

  async writes(body, title) {
    if (title !== undefined) await fill(this.field("Title"), title);
    await fill(this.field("Text"), body);
  }

  // A line, above all others.
  async writesFirst(line) {
    await this.field("Text").focus();
    await this.page.keyboard.press("ControlOrMeta+Home");
    await this.page.keyboard.insertText(`${line}\n`);
  }

  async saves() {
    await this.press("Save");
  }

  // The message above the text begins so.
  isTold(title) {
    return this.#news(title).waitFor();
  }

  // No message begins so any more.
  isNotTold(title) {
    return this.#news(title).waitFor({ state: "detached" });
  }

  #news(title) {
    return this.page.locator(".notice strong").getByText(title, { exact: true });
  }

  sees(text) {
    return this.page.locator("main").getByText(text, { exact: true }).waitFor();
  }

  reads(heading) {
    return this.page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  }

  // The change with this number, and one of its sides.
  change(number) {
    return this.page.getByRole("group", { name: new RegExp(`^Change ${number}\\b`) });
  }

  side(number, name) {
    return this.change(number).locator(".side", { hasText: name });
  }

  chooses(number, name) {
    return this.change(number).getByRole("radio", { name, exact: true }).check();
  }

  // What is marked in it.
  marks(number, name) {
    return this.side(number, name).locator("mark").allTextContents();
  }

  result() {
    return this.page.locator(".result-body").innerText();
  }

  // Counts how often the browser would offer to save the page.
  async countsSaveDialogs() {
    await this.page.evaluate(() => {
      globalThis.unprevented = 0;
      addEventListener("keydown", (event) => {
        if (event.key.toLowerCase() === "s" && !event.defaultPrevented) globalThis.unprevented += 1;
      });
    });
  }

  saveDialogs() {
    return this.page.evaluate(() => globalThis.unprevented);
  }

  // Goes to another window and comes back, as the page learns of it.
  async looksAgain() {
    await this.page.evaluate(() => dispatchEvent(new Event("focus")));
  }

  // The words at the element that has the focus; the body has none.
  focus() {
    return this.page.evaluate(() => {
      const { tagName, textContent, labels } = document.activeElement;
      return tagName === "BODY" ? "nothing" : labels?.[0]?.textContent ?? textContent;
    });
  }

  title(title) {
    return this.page.waitForFunction((title) => document.title === title, title);
  }

  // What is read out to those who do not see it.
  hears(text) {
    return this.page.getByRole("status").getByText(text, { exact: true }).waitFor({ state: "attached" });
  }

  // A row of "What just happened".
  sawHappen(row) {
    return this.page.getByRole("listitem").filter({ hasText: row }).first().waitFor();
  }

  isAccessible(where) {
    return this.#hasNoBarrier(where, {});
  }

  // The part of it that colours can change.
  hasContrast(where) {
    return this.#hasNoBarrier(where, { runOnly: ["color-contrast"] });
  }

  // Light or dark, from now on.
  async prefers(colors) {
    await prefers(this.page, colors);
    const paper = await this.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const isDark = paper.match(/\d+/g).every((channel) => Number(channel) < 128);
    assert.equal(isDark, colors === "dark", `the page is ${paper} where ${colors} is preferred`);
  }

  // Past every transition.
  async isStill() {
    await this.page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
  }

  async #hasNoBarrier(where, options) {
    await this.isStill();
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate((options) => globalThis.axe.run(options), options);
    const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${where}: ${id}: ${node.html}: ${node.failureSummary}`));
    assert.deepEqual(found, []);
  }

  async fitsItsWindow(where) {
    const overflow = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${where} is ${overflow} px too wide`);
  }

  // No item of the list reaches out of it.
  async shelfFits() {
    const shelf = this.page.locator(".shelf");
    const sticksOut = await shelf.evaluate((shelf) => {
      const { left, right } = shelf.getBoundingClientRect();
      // The items begin and end a little outside of the heading, so that their texts stand below it.
      const [from, to] = [left - 12, right + 12];
      return [...shelf.querySelectorAll("li a")].map((item) => item.getBoundingClientRect())
        .filter((item) => item.left < from || item.right > to).map(({ width }) => `${width} px`);
    });
    assert.deepEqual(sticksOut, []);
    const covered = await shelf.locator("a:has(.chip)").evaluateAll((items) => items.map((item) => {
      const [title, chip] = [".item-title", ".chip"].map((part) => item.querySelector(part).getBoundingClientRect());
      return title.right > chip.left && title.left < chip.right;
    }));
    assert.ok(!covered.includes(true), "a chip lies on a title");
  }

  // The item of the list is the one that is open, and not scrolled away.
  async seesInShelf(name) {
    const item = this.page.locator(".shelf [aria-current]");
    assert.match(await item.innerText(), new RegExp(name));
    const isInView = await item.evaluate((item) => {
      const { left, top, height } = item.getBoundingClientRect();
      return item.contains(document.elementFromPoint(left + 20, top + height / 2));
    });
    assert.ok(isInView, `${name} is scrolled away`);
  }

  // An item of the list.
  inShelf(text) {
    return this.page.locator(".shelf li a").filter({ hasText: text });
  }

  // Where in the window something begins, and how wide it is.
  async place(locator) {
    const { x, y, width } = await locator.boundingBox();
    return [x, y, width].map(Math.round);
  }

  // The same in the page, however far it is scrolled: the driver of Firefox scrolls before it clicks.
  placeInPage(locator) {
    return locator.evaluate((element) => {
      const { x, y, width } = element.getBoundingClientRect();
      return [x, y + scrollY, width].map(Math.round);
    });
  }

  isInWindow(locator) {
    return locator.evaluate((element) => {
      const { top, bottom } = element.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    });
  }

  log() {
    return this.page.getByRole("region", { name: "What just happened" });
  }

  directions(selector) {
    return this.page.locator(selector).evaluateAll((elements) => elements.map((element) => getComputedStyle(element).direction));
  }

  async leaves() {
    await this.context.close();
    assert.deepEqual(this.#faults, []);
  }
}
