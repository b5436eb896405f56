// The browsers that drive the tests.

import { chromium } from "playwright-core";

const FOR_CHROMIUM = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export function launch(name, executablePath) {
  switch (name) {
    case "chromium": return chromium.launch({ executablePath, args: FOR_CHROMIUM });
    default: throw new Error(`no such browser: ${name}`);
  }
}
