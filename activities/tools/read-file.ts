// Reads a page of a text file, with line numbers.
import { byteLength } from "../../protocol/text.ts";
import type { readFileInput } from "../../protocol/tools/host.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { cutLine } from "./cut-line.ts";
import { toPlace } from "./jail.ts";
import { readPlace, type TextFile } from "./load-text.ts";
import type { Tool } from "./tool.ts";
import { ToolProblem } from "../tool-problem.ts";

const defaultLimit = 400;
const maxLine = 2_000;
/** A page ends before the tool output cap would cut it in the middle. */
const maxPageBytes = 15_000;

export const readFile: Tool<Shaped<typeof readFileInput>> = async (input, { jail, reads }) => {
  const { shown, ...place } = await toPlace(jail, input.path);
  // Before it is read: what changes in between counts as changed.
  if (!place.inArtifacts) await reads.read({ shown, real: place.real });
  const file = await readPlace({ shown, ...place });
  if (file.bytes === 0) return { text: `${shown}: empty, 0 bytes` };
  return { text: toPage(shown, file, input.offset ?? 1, input.limit ?? defaultLimit) };
};

function toPage(shown: string, file: TextFile, first: number, limit: number): string {
  const lines = toLines(file.text);
  if (first > lines.length) {
    throw new ToolProblem(`${shown} has ${lines.length} lines, so none at offset ${first}.`);
  }
  const page = fill(lines, first, limit);
  const last = first + page.length - 1;
  const left = lines.length - last;
  return [
    `${shown}: lines ${first}-${last} of ${lines.length}, ${file.bytes} bytes`,
    ...page,
    ...(file.utf8 ? [] : ["[not all of it is UTF-8: such bytes are shown as \uFFFD]"]),
    ...(left > 0 ? [`[${left} more lines: offset=${last + 1}]`] : []),
  ].join("\n");
}

/** As many lines as were asked for, or as a page holds. At least one. */
function fill(lines: readonly string[], first: number, limit: number): string[] {
  const page: string[] = [];
  let bytes = 0;
  for (const [index, line] of lines.slice(first - 1, first - 1 + limit).entries()) {
    const shown = `${first + index}\t${cutLine(line, maxLine)}`;
    bytes += byteLength(shown) + 1;
    if (page.length > 0 && bytes > maxPageBytes) break;
    page.push(shown);
  }
  return page;
}

/** Without the line ends, whichever they are, and without a last line that is none. */
export function toLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
