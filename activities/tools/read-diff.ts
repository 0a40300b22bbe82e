// Shows a model what an ended task has changed.
import type { DiffStatLine } from "../../protocol/isolation.ts";
import { byteLength, toLine } from "../../protocol/text.ts";
import type { readDiffInput } from "../../protocol/tools/isolation.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { loadDiff, readStat } from "../edits/read-diff.ts";
import { cutLine } from "./cut-line.ts";
import type { Tool } from "./tool.ts";
import { ToolProblem } from "../tool-problem.ts";

/** A page ends before the tool output cap would cut it in the middle. */
const pageBytes = 12_000;
const maxLine = 2_000;
const shownFiles = 40;

export const readDiffTool: Tool<Shaped<typeof readDiffInput>> = async (input, context) => {
  const deps = { dir: context.jail.dir, env: context.commands.env };
  const loaded = await loadDiff(deps, { taskId: input.task_id, rootId: context.rootId });
  const { files, insertions, deletions, base, outside } = loaded.taken.summary;
  const pages = toPages(loaded.data.toString());
  const number = input.page ?? 1;
  const page = pages[number - 1];
  if (page === undefined && pages.length > 0) {
    throw new ToolProblem(`The diff has ${pages.length} pages, so there is no page ${number}.`);
  }
  const head = `diff of ${input.task_id} from commit ${base.slice(0, 12)}: ${files} files, ${insertions} insertions, ${deletions} deletions. Page ${number} of ${Math.max(1, pages.length)}.`;
  const stat = number === 1 ? await readStat(deps, loaded) : [];
  return {
    text: [
      head,
      ...stat.slice(0, shownFiles).map(toStatLine),
      ...(stat.length > shownFiles ? [`[${stat.length - shownFiles} more files]`] : []),
      ...(outside ? [`[outside its scope, never applied: ${outside.join(", ")}]`] : []),
      ...(page ?? []),
      ...(number < pages.length ? [`[more: page=${number + 1}]`] : []),
    ].join("\n"),
  };
};

function toStatLine({ path, insertions, deletions }: DiffStatLine): string {
  const count = insertions === null ? "binary" : `+${insertions} -${deletions}`;
  return `${toLine(path, 200)}\t${count}`;
}

function toPages(diff: string): readonly (readonly string[])[] {
  if (diff === "") return [];
  const pages: string[][] = [[]];
  let bytes = 0;
  for (const whole of diff.replace(/\n$/, "").split("\n")) {
    const line = cutLine(whole, maxLine);
    const size = byteLength(line) + 1;
    if (bytes > 0 && bytes + size > pageBytes) {
      pages.push([]);
      bytes = 0;
    }
    pages.at(-1)?.push(line);
    bytes += size;
  }
  return pages;
}
