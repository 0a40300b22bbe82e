// What a line that begins with a slash asks for.
import type { Decision } from "../../protocol/requests.ts";
import { checkDetails } from "../../protocol/views.ts";
import {
  decideRequest,
  findAsker,
  isRequestId,
  toDecidedText,
} from "../commands/decide-request.ts";
import { toInterruptedText } from "../commands/interrupt.ts";
import { toPausedText } from "../commands/pause.ts";
import { toResumedText } from "../commands/resume.ts";
import { toRetriedText } from "../commands/retry.ts";
import { readLiveCalls } from "../live-calls.ts";
import { renderAgents } from "../screen/agent-list.ts";
import { toDuration } from "../screen/figures.ts";
import type { Frame } from "../screen/frame.ts";
import { renderAsked } from "../screen/request-lines.ts";
import { renderCheck } from "../screen/task-card.ts";
import { renderTroubled } from "../screen/trouble-lines.ts";
import { pickHandle, pickTask, type Place, split } from "./place.ts";
import { apply, budget, diff, event, set } from "./slash-work.ts";

interface SlashCommand {
  readonly words: string;
  readonly meaning: string;
  readonly run: (place: Place, argument: string) => Promise<readonly string[]>;
}

const commands: Readonly<Record<string, SlashCommand>> = {
  tasks: { words: "/tasks", meaning: "every task of this supervisor", run: tasks },
  check: {
    words: "/check TASK [DETAIL]",
    meaning: "one task: status, digest, turns, full",
    run: check,
  },
  steer: { words: "/steer TASK [--now] MESSAGE", meaning: "a note to a running task", run: steer },
  event: { words: "/event TASK NAME [JSON]", meaning: "word that a task waits for", run: event },
  cancel: { words: "/cancel TASK [REASON]", meaning: "stop a task", run: cancel },
  retry: { words: "/retry TASK [MESSAGE]", meaning: "a new attempt at an ended task", run: retry },
  interrupt: { words: "/interrupt", meaning: "break off what it is at", run: interrupt },
  pause: { words: "/pause [TASK]", meaning: "hold a task, or all of this", run: pause },
  resume: { words: "/resume [TASK]", meaning: "go on with what is paused", run: resume },
  set: { words: "/set [TASK] MODEL", meaning: "another model from the next call on", run: set },
  budget: {
    words: "/budget [TASK] [--usd N …]",
    meaning: "what may be spent: see it, set it",
    run: budget,
  },
  diff: { words: "/diff TASK", meaning: "what an isolated task has changed", run: diff },
  apply: { words: "/apply TASK", meaning: "take that over, all or nothing", run: apply },
  inbox: { words: "/inbox", meaning: "what waits for your word here", run: inbox },
  approve: { words: "/approve TASK [REQUEST]", meaning: "let a call run", run: approve },
  deny: { words: "/deny TASK [REQUEST] [WHY]", meaning: "refuse what is asked", run: deny },
  answer: { words: "/answer TASK [REQUEST] TEXT", meaning: "answer a question", run: answer },
  end: { words: "/end", meaning: "end this supervisor and its tasks", run: end },
  help: { words: "/help", meaning: "this list", run: async ({ frame }) => help(frame) },
  quit: { words: "/quit", meaning: "leave, the supervisor stays (also Ctrl-C)", run: quit },
};

/** Runs one, and returns what to show. */
export async function runSlash(line: string, place: Place): Promise<readonly string[]> {
  const [, name = "", argument = ""] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  return command
    ? command.run(place, argument.trim())
    : [`There is no /${name}.`, ...help(place.frame)];
}

/** In two columns where there is room for them. */
function help({ width }: Frame): readonly string[] {
  const lines = Object.values(commands).flatMap(({ words, meaning }) =>
    width < 72 ? [`  ${words}`, `      ${meaning}`] : [`  ${words.padEnd(28)} ${meaning}`],
  );
  return ["Anything else is a message to the supervisor.", ...lines];
}

async function tasks({ bosun, supervisor, frame }: Place): Promise<readonly string[]> {
  const [view, found] = await Promise.all([supervisor.status(), supervisor.tasks()]);
  const agents = { supervisors: [view], tasks: found };
  return renderAgents(agents, frame, await readLiveCalls(bosun, agents));
}

async function check(place: Place, argument: string): Promise<readonly string[]> {
  const [given, level] = split(argument);
  if (!given) return ["Say which: /check TASK"];
  const detail = checkDetails.find((one) => one === (level || "digest"));
  if (!detail) return [`There is no detail ${level}: it is one of ${checkDetails.join(", ")}.`];
  const { bosun, frame } = place;
  const task = bosun.task(await pickTask(place, given));
  const { view, report, missing, live } = await task.check(detail);
  return [...renderCheck(view, { report, live }, frame), ...(missing ? [`(${missing})`] : [])];
}

/** The receipt comes by the feed. */
async function steer(place: Place, argument: string): Promise<readonly string[]> {
  const [given, rest] = split(argument);
  const isNow = /^--now(\s|$)/.test(rest);
  const message = isNow ? split(rest)[1] : rest;
  if (!given || !message) return ["Say which and what: /steer TASK [--now] MESSAGE"];
  const id = await pickTask(place, given);
  const task = place.bosun.task(id);
  const { noteId, asked, isPaused } = await task.steer(message, isNow ? "now" : "next_step");
  if (isPaused) return [`note ${noteId} sent to ${id}, which is paused and reads it after /resume`];
  if (asked.length === 0) return [`note ${noteId} sent to ${id}`];
  const later = isNow ? "withdraws what it asked" : "is read once you have decided what it asks";
  return [`note ${noteId} sent to ${id}, which ${later}`];
}

async function cancel(place: Place, argument: string): Promise<readonly string[]> {
  const [given, reason] = split(argument);
  if (!given) return ["Say which: /cancel TASK"];
  const id = await pickTask(place, given);
  const { requested, status } = await place.bosun
    .task(id)
    .cancel(reason || "A person cancelled it.");
  return [requested ? `${id}: asked to stop` : `${id} is already ${status}`];
}

async function retry(place: Place, argument: string): Promise<readonly string[]> {
  const [given, message] = split(argument);
  if (!given) return ["Say which: /retry TASK [MESSAGE]"];
  return [toRetriedText(await place.bosun.task(await pickTask(place, given)).retry(message))];
}

async function interrupt({ supervisor }: Place): Promise<readonly string[]> {
  return [toInterruptedText(supervisor.id, await supervisor.interrupt())];
}

async function pause(place: Place, given: string): Promise<readonly string[]> {
  const agent = await pickHandle(place, given);
  return [`${toPausedText(agent.id, await agent.pause())} /resume lets it go on.`];
}

async function resume(place: Place, given: string): Promise<readonly string[]> {
  const agent = await pickHandle(place, given);
  return [toResumedText(agent.id, await agent.resume())];
}

/** What the supervisor and its tasks ask. Other supervisors have chats of their own. */
async function inbox({ bosun, supervisor, frame }: Place): Promise<readonly string[]> {
  const { requests: all, troubled } = await bosun.inbox();
  const own = all.filter(({ supervisorId }) => supervisorId === supervisor.id);
  const lines = own.flatMap((request) => [
    `${request.id}, since ${toDuration(frame.now.getTime() - Date.parse(request.askedAt))}:`,
    ...renderAsked(request.id, [request], { ...frame, width: frame.width - 2 }, "/").map(
      (line) => `  ${line}`,
    ),
  ]);
  const others = all.length - own.length;
  const inTrouble = troubled.filter(({ supervisorId }) => supervisorId === supervisor.id);
  return [
    ...(own.length > 0 ? lines : ["Nothing waits for you here."]),
    ...renderTroubled(inTrouble, frame),
    ...(others > 0 ? [`${others} more of other supervisors: bosun inbox`] : []),
  ];
}

async function approve(place: Place, argument: string): Promise<readonly string[]> {
  return await decide(place, argument, "Say which: /approve TASK", () => ({ type: "approve" }));
}

async function deny(place: Place, argument: string): Promise<readonly string[]> {
  return await decide(place, argument, "Say which: /deny TASK", (reason) => ({
    type: "deny",
    reason,
  }));
}

async function answer(place: Place, argument: string): Promise<readonly string[]> {
  return await decide(place, argument, "Say whom and what: /answer TASK TEXT", (text) =>
    text ? { type: "answer", text } : undefined,
  );
}

/** A second word that looks like the id of a request is one. */
async function decide(
  place: Place,
  argument: string,
  usage: string,
  toDecision: (words: string) => Decision | undefined,
): Promise<readonly string[]> {
  const [given, rest] = split(argument);
  if (!given) return [usage];
  const [second, others] = split(rest);
  const named = isRequestId(second) ? second : undefined;
  const decision = toDecision(named ? others : rest);
  if (!decision) return [usage];
  const pick = (text: string) => pickHandle(place, text);
  const { asker, request } = await findAsker(place.bosun, given, named, pick);
  return [toDecidedText(asker.handle.id, await decideRequest(asker, decision, request, "/"))];
}

async function end({ supervisor }: Place): Promise<readonly string[]> {
  await supervisor.end();
  return ["Asked to end. Its open tasks stop first."];
}

async function quit({ leave }: Place): Promise<readonly string[]> {
  leave();
  return [];
}
