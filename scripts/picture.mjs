// Draws a real run of the tour, for the README.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawTerminal, themes } from "./picture/draw-terminal.mjs";
import { recordTour } from "./picture/record-tour.mjs";
import { root } from "./set-up/root.mjs";
import { setUp } from "./set-up/set-up.mjs";

const columns = 92;
const folder = join(root, "docs", "pictures");

await setUp();
const state = mkdtempSync(join(tmpdir(), "bosun-picture-"));
try {
  const lines = await recordTour(state, columns);
  mkdirSync(folder, { recursive: true });
  for (const theme of themes) {
    const file = join(folder, `tour-${theme}.svg`);
    writeFileSync(file, drawTerminal(lines, { columns, theme }));
    console.log(file);
  }
} finally {
  rmSync(state, { recursive: true, force: true });
}
