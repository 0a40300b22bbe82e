// Every command, and what they have in common.
import { Command, type OutputConfiguration } from "commander";
import stringWidth from "string-width";
import { addAnswer } from "./commands/answer.ts";
import { addApply } from "./commands/apply.ts";
import { addApprove } from "./commands/approve.ts";
import { addBudget } from "./commands/budget.ts";
import { addCancel } from "./commands/cancel.ts";
import { addChat } from "./commands/chat.ts";
import { addCheck } from "./commands/check.ts";
import type { Context } from "./commands/context.ts";
import { addDemo } from "./commands/demo.ts";
import { addDeny } from "./commands/deny.ts";
import { addDiff } from "./commands/diff.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addDown } from "./commands/down.ts";
import { addEnd } from "./commands/end.ts";
import { addEvent } from "./commands/event.ts";
import { addInbox } from "./commands/inbox.ts";
import { addInterrupt } from "./commands/interrupt.ts";
import { addOpen } from "./commands/open.ts";
import { addPause } from "./commands/pause.ts";
import { addResume } from "./commands/resume.ts";
import { addRetry } from "./commands/retry.ts";
import { addSend } from "./commands/send.ts";
import { addSet } from "./commands/set.ts";
import { addStart } from "./commands/start.ts";
import { addSteer } from "./commands/steer.ts";
import { addTasks } from "./commands/tasks.ts";
import { addTranscript } from "./commands/transcript.ts";
import { addUp } from "./commands/up.ts";
import { addWorker } from "./commands/worker.ts";
import { wrapText } from "./screen/wrap-text.ts";

const groups: readonly (readonly [
  string,
  readonly ((program: Command, context: Context) => void)[],
])[] = [
  ["Begin here:", [addDemo, addStart, addChat]],
  ["Talk to supervisors:", [addSend, addInterrupt, addEnd]],
  [
    "See and change tasks:",
    [
      addTasks,
      addCheck,
      addSteer,
      addEvent,
      addCancel,
      addRetry,
      addBudget,
      addTranscript,
      addOpen,
    ],
  ],
  ["Hold and change work:", [addPause, addResume, addSet]],
  ["Take over what isolated tasks changed:", [addDiff, addApply]],
  ["Decide what waits for you:", [addInbox, addApprove, addDeny, addAnswer]],
  ["Run Bosun:", [addUp, addDown, addWorker, addDoctor]],
];

const afterHelp = `
IDs may be shortened to any part that only one id contains. Every command takes --json (docs/json.md).

Examples:
  bosun demo                                    a guided tour, about 20 seconds
  bosun start --workspace . "Survey this folder with three background tasks"
  bosun tasks                                   every supervisor and its open tasks
  bosun steer TASK "leave out Markdown files"   a note to a running task
  bosun inbox                                   what waits for your word
`;

/** The program, without the world: output goes through the context, an exit is an error. */
export function buildProgram(context: Context): Command {
  const program = new Command("bosun")
    .description("Durable async subagents for Claude, on Temporal.")
    .usage("COMMAND [options]")
    .addHelpText("after", afterHelp)
    .showSuggestionAfterError();
  for (const [heading, adders] of groups) {
    program.commandsGroup(heading);
    for (const add of adders) add(program, context);
  }
  program.addHelpCommand(
    new Command("help").argument("[command]").description("show how a command is used"),
  );
  for (const command of [program, ...program.commands]) settle(command, context);
  return program;
}

function settle(command: Command, context: Context): void {
  const width = (): number => Math.min(context.columns(), widestText);
  const output: OutputConfiguration = {
    writeOut: (text) => context.print(toPage(text.replace(/\n$/, ""), width())),
    writeErr: (text) => context.note(toWords(text, command)),
    getOutHelpWidth: width,
    getErrHelpWidth: width,
    getOutHasColors: () => context.color,
    getErrHasColors: () => context.color,
  };
  command
    .exitOverride()
    .configureOutput(output)
    .configureHelp({ minWidthToWrap: narrowestMeaning })
    .helpOption("-h, --help", "show this help");
}

/** Longer lines are hard to read. */
const widestText = 96;
/** Below this the description of an option stands under it. */
const narrowestMeaning = 24;

/** Paragraphs are filled up to the width. What is indented keeps its lines, and goes on below where it is too long. */
function toPage(text: string, width: number): string {
  const paragraphs = text.replaceAll(/(?<=^\S.*)\n(?=\S)/gm, " ");
  const fit = (line: string) => (stringWidth(line) > width ? wrapText(line, width) : [line]);
  return paragraphs.split("\n").flatMap(fit).join("\n");
}

/** Commander's error, with what to do next. */
function toWords(text: string, command: Command): string {
  const words = text.trim().replace(/^error: (.)/, (_, first: string) => first.toUpperCase());
  const name = command.parent ? `bosun ${command.name()}` : "bosun";
  return /^(Unknown|Missing|Too many|Option|Command-arg)/i.test(words)
    ? `${words}\nSee how it is used with: ${name} --help`
    : words;
}
