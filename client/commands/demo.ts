// The guided tour.
import { type Command, InvalidArgumentError } from "commander";
import { parseEnvironment } from "../../protocol/environment.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import { chatWith } from "../chat/chat.ts";
import { root } from "../installation/clone.ts";
import { toBackend } from "../installation/scripted-model.ts";
import { toPalette } from "../screen/palette.ts";
import { liveScreen, plainScreen } from "../screen/screen.ts";
import { isOver } from "../supervisor-view.ts";
import { readClosing, renderClosing } from "../tour/closing.ts";
import { conductTour, type Tour } from "../tour/conduct.ts";
import { TourScreen } from "../tour/tour-screen.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { sayFarewell } from "./farewell.ts";
import { toProgramName } from "./program-name.ts";
import { type Visit, withSession } from "./with-session.ts";
import { resolveWorkspace } from "./workspace.ts";

interface Options {
  readonly workspace?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

const examples = `
Examples:
  bosun demo
  bosun demo --workspace ../another-project
`;

export function addDemo(program: Command, context: Context): void {
  program
    .command("demo")
    .description("a guided tour: delegate, ask, steer, cancel, collect")
    .option("--workspace <dir>", "the folder it looks at (default: Bosun's own)")
    .option(
      "--timeout <seconds>",
      "give up after so long (default: 45, with Claude 900)",
      toSeconds,
    )
    .option("--json", "print the outcome as JSON, without a chat afterwards")
    .addHelpText("after", examples)
    .action((options: Options) => demo(options, context));
}

function toSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds < 1e6) return seconds;
  throw new InvalidArgumentError("Give seconds, as a number.");
}

async function demo(options: Options, context: Context): Promise<void> {
  const workspace = resolveWorkspace(options.workspace ?? root, context);
  // With --json, standard output is the outcome alone.
  const told: Context = options.json
    ? { ...context, print: context.note, isTty: false, color: false }
    : context;
  told.print(toFirstLine(context));
  let id: string | undefined;
  const work = async (visit: Visit) => {
    await listEarlier(visit, told);
    const tour = await takeTour(visit, workspace, options, told);
    id = tour.supervisor.id;
    if (visit.signal.aborted) throw new CommandError("Interrupted before the tour was over.", 130);
    await conclude(visit, tour, options, context, told);
    id = told.isTty ? await stay(visit, tour, told) : id;
  };
  await withSession(told, work, (runs) => sayFarewell(context, id, runs));
}

function toFirstLine({ env }: Context): string {
  const backend = toBackend(env);
  if (backend === scriptedBackend) {
    return "Model: scripted model, not Claude. Set ANTHROPIC_API_KEY for the real one.";
  }
  const { supervisorModel, taskModel } = parseEnvironment(env);
  return `Model: ${supervisorModel}, tasks on ${taskModel}, at ${backend}.`;
}

async function listEarlier({ here, session }: Visit, context: Context): Promise<void> {
  if (session.attached) context.print("Joining the Bosun that runs here already.");
  const { supervisors } = await here.bosun.list();
  const open = supervisors.filter((view) => !isOver(view));
  const [newest] = open;
  if (!newest) return;
  const count = open.length === 1 ? "1 earlier supervisor" : `${open.length} earlier supervisors`;
  context.print(`${count}: ${toProgramName(context)} chat ${newest.id}`);
}

function takeTour(
  { here, session, signal }: Visit,
  workspace: string,
  { timeout }: Options,
  context: Context,
): Promise<Tour> {
  const scripted = session.run.backend === scriptedBackend;
  const palette = toPalette(context.color);
  const { isTty: draws, columns, output, print } = context;
  const screen = draws ? liveScreen(output) : plainScreen(print);
  const options = {
    workspace,
    dir: here.installation.dir,
    deadlineMs: 1_000 * (timeout ?? (scripted ? 45 : 900)),
    signal,
    lost: () => session.lost(),
  };
  const tourScreen = new TourScreen({ screen, palette, columns, draws });
  return conductTour(here.bosun, options, tourScreen).finally(() => screen.close());
}

async function conclude(
  visit: Visit,
  tour: Tour,
  options: Options,
  context: Context,
  told: Context,
): Promise<void> {
  const { here, session } = visit;
  const { missing } = tour;
  const closing = await readClosing(here, tour);
  told.print(renderClosing(closing, toPalette(told.color), told.columns() - 1).join("\n"));
  if (options.json) {
    const { report, tasks, urls } = closing;
    const { backend } = session.run;
    context.json({
      supervisor: closing.supervisor,
      backend,
      tasks,
      report: report ?? null,
      urls,
      missing,
    });
  }
  if (missing.length > 0) throw toFailure(tour, here.installation.dir, context);
  told.print(toNextSteps(tour, told).join("\n"));
}

function stay(visit: Visit, tour: Tour, context: Context): Promise<string | undefined> {
  const start = { workspace: context.cwd, after: tour.progress.last, json: false };
  return chatWith(visit, tour.supervisor, context, start);
}

function toFailure({ supervisor, missing }: Tour, dir: string, context: Context): CommandError {
  return new CommandError(
    `The tour did not get to its end. Missing: ${missing.join(", ")}.\nSee what it is at with ${toProgramName(context)} chat ${supervisor.id}, the logs in ${dir}/logs, or give it longer with --timeout.`,
  );
}

function toNextSteps({ supervisor, progress }: Tour, context: Context): readonly string[] {
  const bosun = toProgramName(context);
  const [first] = progress.tasks.keys();
  return [
    "",
    context.isTty ? "Try next, in another terminal:" : "Try next:",
    ...(context.isTty ? [] : [`  ${bosun} up --detach`]),
    `  ${bosun} tasks ${supervisor.id}`,
    `  ${bosun} check ${first ?? "TASK"}`,
    `  ${bosun} transcript ${supervisor.id}`,
    ...(context.isTty ? [] : [`  ${bosun} chat ${supervisor.id}`]),
    `  ${bosun} demo --workspace DIR`,
    "",
  ];
}
