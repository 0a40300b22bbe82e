// Replaces exact text in a file.
import type { editFileInput } from "../../protocol/tools/host.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { writeWhole } from "../write-whole.ts";
import { readPlace } from "./load-text.ts";
import { toLines } from "./read-file.ts";
import { toTarget } from "./to-target.ts";
import { ToolProblem } from "../tool-problem.ts";
import type { Tool } from "./tool.ts";

type Input = Shaped<typeof editFileInput>;

export const editFile: Tool<Input> = async (input, context) => {
  const { place } = await toTarget(context, input.path);
  const file = await readPlace(place);
  if (!file.utf8) {
    throw new ToolProblem(`${place.shown} is not UTF-8, so an edit would damage it.`);
  }
  const { text, count } = edit(place.shown, file.text, input);
  await writeWhole(place.real, text, { mode: file.mode });
  if (!place.inArtifacts) await context.reads.wrote(place);
  return {
    text: `edited ${place.shown}: ${count} replacements`,
    artifacts: place.inArtifacts ? [place.shown] : [],
  };
};

function edit(shown: string, text: string, input: Input): { text: string; count: number } {
  const { old, replacement } = toLineEnds(text, input);
  if (old === replacement) {
    throw new ToolProblem("old_text and new_text are the same, so there is nothing to edit.");
  }
  const pieces = text.split(old);
  const count = pieces.length - 1;
  if (count === 0) throw notFound(shown, text, input.old_text);
  if (count > 1 && input.replace_all !== true) {
    throw new ToolProblem(
      `old_text occurs ${count} times in ${shown}. Add lines around it until it is unique, or set replace_all.`,
    );
  }
  return { text: pieces.join(replacement), count };
}

/** Lines are shown without their ends, so a model cannot know that they are CRLF. */
function toLineEnds(text: string, input: Input): { old: string; replacement: string } {
  const given = { old: input.old_text, replacement: input.new_text };
  if (!text.includes("\r\n") || text.includes(given.old)) return given;
  return { old: toCrlf(given.old), replacement: toCrlf(given.replacement) };
}

function toCrlf(part: string): string {
  return part.replaceAll(/\r?\n/g, "\r\n");
}

function notFound(shown: string, text: string, old: string): ToolProblem {
  const first = old.split("\n").find((line) => line.trim() !== "") ?? "";
  const at = toLines(text).findIndex((line) => first !== "" && line.includes(first.trim()));
  const hint = at < 0 ? "" : ` Its first line looks like line ${at + 1}, the rest differs.`;
  return new ToolProblem(
    `old_text was not found in ${shown}.${hint} Read the file again and copy the text exactly, without the line numbers.`,
  );
}
