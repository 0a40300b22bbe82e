// Writes a whole text file, old or new.
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { byteLength } from "../../protocol/text.ts";
import type { writeFileInput } from "../../protocol/tools/host.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { writeWhole } from "../write-whole.ts";
import { readPlace } from "./load-text.ts";
import { toLines } from "./read-file.ts";
import { toTarget } from "./to-target.ts";
import { ToolProblem } from "../tool-problem.ts";
import type { Tool } from "./tool.ts";

export const writeFile: Tool<Shaped<typeof writeFileInput>> = async (input, context) => {
  const { place, exists } = await toTarget(context, input.path);
  if (input.content.includes("\0")) {
    throw new ToolProblem("The content holds a NUL character. Only text can be written.");
  }
  const mode = exists ? { mode: (await readPlace(place)).mode } : {};
  await mkdir(dirname(place.real), { recursive: true });
  await writeWhole(place.real, input.content, mode);
  if (!place.inArtifacts) await context.reads.wrote(place);
  const lines = toLines(input.content).length;
  const bytes = byteLength(input.content);
  return {
    text: `wrote ${place.shown}: ${lines} lines, ${bytes} bytes (${exists ? "replaced" : "created"})`,
    artifacts: place.inArtifacts ? [place.shown] : [],
  };
};
