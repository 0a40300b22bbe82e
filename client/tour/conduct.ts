// The tour: delegate, ask, steer and stop, collect.
import { setTimeout as sleep } from "node:timers/promises";
import type { Bosun } from "../bosun.ts";
import { CommandError } from "../command-error.ts";
import { isRequestError } from "../request-error.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import { change, fewestTasks, question, survey } from "./messages.ts";
import { Progress } from "./progress.ts";
import { readReport, type Report, reportPath } from "./report.ts";
import type { TourScreen } from "./tour-screen.ts";

interface TourOptions {
  readonly workspace: string;
  /** The state folder, where artifacts lie. */
  readonly dir: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Names what went away meanwhile, the server or the worker. */
  readonly lost: () => string | undefined;
}

export interface Tour {
  readonly supervisor: SupervisorHandle;
  readonly progress: Progress;
  readonly report?: Report;
  /** What had not happened at the deadline, in words. */
  readonly missing: readonly string[];
}

/** Resolves when the report is there, at the deadline, or when the signal aborts. */
export async function conductTour(
  bosun: Bosun,
  options: TourOptions,
  screen: TourScreen,
): Promise<Tour> {
  const { workspace } = options;
  const { supervisor } = await bosun.start({ workspace, message: survey });
  screen.begin(supervisor, workspace);
  const progress = new Progress();
  const path = reportPath(options.dir, supervisor.id);
  const over = endAfter(options);
  const { signal } = over;
  const stage = { supervisor, progress, path, signal, lost: options.lost };
  try {
    const [missing] = await Promise.all([
      script(stage).finally(over.end),
      watch(supervisor, progress, screen, signal),
    ]);
    const report = readReport(path);
    return { supervisor, progress, missing, ...(report && { report }) };
  } finally {
    over.end();
  }
}

/** Aborts at the deadline, or when the person interrupts. (`AbortSignal.any` may be collected before.) */
function endAfter({ deadlineMs, signal }: TourOptions) {
  const controller = new AbortController();
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    controller.abort();
  };
  const timer = setTimeout(end, deadlineMs);
  signal.addEventListener("abort", end);
  return { signal: controller.signal, end };
}

interface Stage extends Pick<TourOptions, "lost"> {
  readonly supervisor: SupervisorHandle;
  readonly progress: Progress;
  readonly path: string;
  readonly signal: AbortSignal;
}

type Come = () => boolean | Promise<boolean>;

/** Every step waits for what the one before it brought about. Returns what did not come. */
async function script(stage: Stage): Promise<readonly string[]> {
  const { supervisor, progress } = stage;
  // Idle is seen sooner than the words before it.
  const isSilent = async (): Promise<boolean> =>
    (await supervisor.status()).status === "idle" &&
    (await supervisor.lastEntry()) === progress.last;
  const steps: readonly (readonly [missing: string, come: Come, next?: string])[] = [
    [`${fewestTasks} background tasks`, () => progress.tasks.size >= fewestTasks, question],
    ["the answer to the question", () => progress.answered.has(asked[0] ?? ""), change],
    ["the answer to the change", () => progress.answered.has(asked[1] ?? "")],
    ["the end of every task", () => progress.tasks.size > 0 && progress.open.length === 0],
    [`the report ${stage.path}`, () => readReport(stage.path) !== undefined],
    ["the last words of the supervisor", async () => progress.concluded && (await isSilent())],
  ];
  const asked: string[] = [];
  for (const [index, [, come, next]] of steps.entries()) {
    if (!(await until(come, stage))) return steps.slice(index).map(([missing]) => missing);
    if (next) asked.push((await supervisor.send(next)).id);
  }
  return [];
}

/** False when it can no longer come. */
async function until(come: Come, { signal, progress, lost }: Stage): Promise<boolean> {
  while (!(await come())) {
    const loss = lost();
    if (loss) throw new CommandError(loss);
    if (signal.aborted || progress.ended) return false;
    await sleep(50, undefined, { signal }).catch(() => undefined);
  }
  return true;
}

/** The feed and the picture, side by side, until the tour is over. */
async function watch(
  supervisor: SupervisorHandle,
  progress: Progress,
  screen: TourScreen,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([listen(), draw()]);

  async function listen(): Promise<void> {
    for await (const entry of supervisor.follow({ signal })) {
      progress.note(entry);
      screen.show(entry);
    }
  }

  async function draw(): Promise<void> {
    while (screen.draws && !signal.aborted) {
      await drawOnce(supervisor, progress, screen);
      await sleep(400, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** A picture that cannot be drawn is drawn the next time. */
async function drawOnce(supervisor: SupervisorHandle, progress: Progress, screen: TourScreen) {
  try {
    const ids = [...progress.tasks.keys()];
    const [own, ...looks] = await Promise.all([
      supervisor.look(),
      ...ids.map((id) => supervisor.task(id).look()),
    ]);
    const tasks = looks.map(({ view }) => view);
    const calls = looks.map(({ view, live }) => [view.taskId, live] as const);
    screen.draw(own.view, tasks, new Map([[supervisor.id, own.live], ...calls]));
  } catch (error) {
    if (!isRequestError(error)) throw error;
  }
}
