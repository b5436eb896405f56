// The browsers that the tests drive, and how they differ for a driver. BROWSER says which it is.

import { chromium } from "playwright-core";

const { BROWSER } = process.env;

const FOR_CHROMIUM = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export async function launch(executablePath) {
  switch (BROWSER) {
    case "chromium": return chromium.launch({ executablePath, args: FOR_CHROMIUM });
    case "firefox": {
      // 1.55.1: newer ones ask of WebDriver BiDi what Debian's Firefox does not know.
      const { default: { _bidiFirefox } } = await import("playwright-core-bidi");
      return _bidiFirefox.launch({ executablePath, channel: "moz-firefox" });
    }
    default: throw new Error(`no such browser: ${BROWSER}`);
  }
}

// How long a person waits, in milliseconds: several of Firefox beside each other take long to start.
export const PATIENCE = BROWSER === "firefox" ? 30_000 : 10_000;

// Replaces the text of a field. The driver of Firefox would type it letter by letter, which takes a minute for a long one.
export function fill(field, text) {
  return BROWSER === "firefox" ? field.evaluate(paste, text) : field.fill(text);
}

function paste(field, text) {
  field.focus();
  field.select();
  document.execCommand("insertText", false, text);
}

// What the browser does not get to see of an answer. In Firefox, scripts of the driver are held to the page's policy, which
// forbids `eval`; so this policy is tested in Chromium alone.
export const HIDDEN = BROWSER === "firefox" ? ["content-security-policy"] : [];

// The driver of Firefox reports what is written to the console, but no error that nobody has caught: there, it is written down.
export async function writesErrorsDown(context) {
  if (BROWSER !== "firefox") return;
  await context.addInitScript(() => {
    addEventListener("error", ({ message }) => console.error(message));
    addEventListener("unhandledrejection", ({ reason }) => console.error(String(reason)));
  });
}

// The pictures in the repository are Chromium's: another browser draws others.
export const TAKES_PICTURES = BROWSER === "chromium";

// From now on, the page is shown to somebody who prefers light, or dark.
export function prefers(page, colorScheme) {
  return BROWSER === "firefox" ? page.evaluate(showAs, colorScheme) : page.emulateMedia({ colorScheme });
}

// The driver of Firefox cannot emulate it: in the page, the rules of the other scheme are turned on and off.
function showAs(colorScheme) {
  document.documentElement.style.colorScheme = colorScheme;
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  globalThis.darkRules ??= rules.filter((rule) => rule.conditionText === "(prefers-color-scheme: dark)");
  for (const rule of globalThis.darkRules) rule.media.mediaText = colorScheme === "dark" ? "all" : "not all";
}
