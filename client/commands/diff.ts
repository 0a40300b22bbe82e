// Shows what an isolated task has changed.
import type { Command } from "commander";
import type { TaskDiff } from "../diffs.ts";
import type { Context } from "./context.ts";
import { toNumber } from "./to-number.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly stat?: boolean;
  readonly attempt?: number;
  readonly json?: boolean;
}

const examples = `
For tasks with isolation: worktree that have ended. None of it is in the workspace before it is
applied: bosun apply TASK

Examples:
  bosun diff coder-3c --stat
  bosun diff coder-3c | less
`;

export function addDiff(program: Command, context: Context): void {
  program
    .command("diff")
    .description("show what an isolated task has changed")
    .argument("<task>", "the task")
    .option("--stat", "only the files, with their numbers of lines")
    .option("--attempt <number>", "an attempt before the newest one", toNumber)
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((task: string, options: Options) => diff(task, options, context));
}

async function diff(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun) => {
    const taskId = await pickId(bosun, given, "task");
    const found = await bosun.diff(taskId, options.stat ? "stat" : undefined, options.attempt);
    const { summary, stat, data } = found;
    const text = data.toString();
    if (options.json) {
      context.json({ taskId, summary, stat, text: options.stat ? null : text });
      return;
    }
    if (options.stat) context.print(toStatText(found));
    else if (data.length > 0) context.print(text.replace(/\n$/, ""));
    for (const remark of toRemarks(found, text)) context.note(remark);
  });
}

export function toStatText({ stat, summary }: TaskDiff): string {
  const lines = stat.map(({ path, insertions, deletions }) => {
    const count = insertions === null ? "binary" : `+${insertions} -${deletions}`;
    return `${path}  ${count}`;
  });
  const more = summary.files - stat.length;
  const { files, insertions, deletions } = summary;
  return [
    ...lines,
    ...(more > 0 ? [`${more} more files`] : []),
    `${files} files changed, ${insertions} lines added, ${deletions} removed`,
  ].join("\n");
}

function toRemarks({ summary, data }: TaskDiff, text: string): readonly string[] {
  const { files, outside, artifact } = summary;
  const isText = data.equals(Buffer.from(text));
  return [
    ...(files === 0 ? ["(it changed nothing that could be applied)"] : []),
    ...(outside ? [`(outside its scope, never applied: ${outside.join(", ")})`] : []),
    ...(isText ? [] : [`(not all of it is UTF-8: the exact bytes are in ${artifact})`]),
  ];
}
