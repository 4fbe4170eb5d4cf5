// Runs axe-core over pages and prints what it finds, one JSON line a page, width and scheme.
// Usage: REGESTA_TOKEN=… node check.mjs BROWSER URL [URL ...]
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = [1440, 390, 320];
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

const [executablePath, ...urls] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: QUIET });
for (const colorScheme of ["light", "dark"]) {
  // The pages forbid scripts; axe is one, so the policy is set aside for the check.
  const context = await browser.newContext({
    bypassCSP: true, colorScheme, extraHTTPHeaders: { authorization: `Bearer ${process.env.REGESTA_TOKEN}` },
  });
  const page = await context.newPage();
  for (const url of urls) {
    await page.goto(url);
    await page.evaluate(AXE);
    await page.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const found = await page.evaluate(
        (tags) => axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), TAGS);
      const violations = found.violations.map(({ id, help, nodes }) => ({
        id, help, count: nodes.length, first: nodes[0].html.slice(0, 200), why: nodes[0].failureSummary.slice(0, 300),
      }));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      console.log(JSON.stringify({ url, colorScheme, width, wide, violations }));
    }
  }
  await context.close();
}
await browser.close();
