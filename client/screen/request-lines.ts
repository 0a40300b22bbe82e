// What is asked of a person, and the command that decides it.
import type { OpenRequest } from "../../protocol/requests.ts";
import type { WaitingRequest } from "../waiting-requests.ts";
import { field } from "./field.ts";
import { toDuration } from "./figures.ts";
import type { Frame } from "./frame.ts";
import { toPlainLine, toPlainText } from "./plain-text.ts";
import { wrapText } from "./wrap-text.ts";

/** How a command begins: on the command line, or in a chat. */
export type Spoken = "bosun " | "/";

/** Commands that decide a request. They name it, for the next one may ask something else. */
export function toDecisions(
  id: string,
  { requestId, kind }: Pick<OpenRequest, "requestId" | "kind">,
  spoken: Spoken = "bosun ",
): readonly [string, string] {
  const isChat = spoken === "/";
  const deny = isChat ? `/deny ${id} ${requestId} WHY` : `bosun deny ${id} ${requestId}`;
  if (kind === "approval") return [`${spoken}approve ${id} ${requestId}`, deny];
  const answer = isChat
    ? `/answer ${id} ${requestId} TEXT`
    : `bosun answer ${id} TEXT ${requestId}`;
  return [answer, deny];
}

/** `asks to do: write_file notes.md`, `asks: Which colour?`. */
export function toAsked({ kind, label, text }: OpenRequest): string {
  return kind === "answer" ? `asks: ${toPlainLine(text)}` : `asks to do: ${toPlainLine(label)}`;
}

/** Of one agent's requests a list shows so many. */
const listed = 3;

/** Below an agent in a list. */
export function renderListed(
  id: string,
  requests: readonly OpenRequest[],
  frame: Frame,
): readonly string[] {
  const inner = { ...frame, width: Math.max(8, frame.width - 4) };
  const lines = renderAsked(id, requests.slice(0, listed), inner);
  const more = requests.length - listed;
  const rest = more > 0 ? wrapText(`and ${more} more: bosun inbox`, inner.width) : [];
  return [...lines, ...rest].map((line) => `    ${line}`);
}

/** Short, for lists and for the chat: what is asked, and below it how to decide. */
export function renderAsked(
  id: string,
  requests: readonly OpenRequest[],
  frame: Frame,
  spoken: Spoken = "bosun ",
): readonly string[] {
  const { palette, width } = frame;
  return requests.flatMap((request) => [
    ...wrapText(palette.wait(toAsked(request)), width),
    ...renderDecisions(id, request, frame, spoken),
  ]);
}

/** The commands alone, where what is asked was just said. */
export function renderDecisions(
  id: string,
  request: OpenRequest,
  { palette, width }: Frame,
  spoken: Spoken = "bosun ",
): readonly string[] {
  const [command, deny] = toDecisions(id, request, spoken);
  if (spoken === "/") return [command, deny].flatMap((line) => wrapText(line, width));
  return wrapText(`${command}${palette.faint(" (or deny)")}`, width);
}

/** In full, for one task: the arguments of the call, the time that is left, every command. */
export function renderRequest(id: string, request: OpenRequest, frame: Frame): readonly string[] {
  return [
    ...field("asks", frame.palette.wait(toWords(request)), frame),
    ...renderArguments(id, request, frame),
    ...field("until", toDeadline(request, frame.now), frame),
    ...field("decide", toDecisions(id, request).join("\n"), frame),
  ];
}

/** Everything that waits, oldest first. */
export function renderInbox(requests: readonly WaitingRequest[], frame: Frame): readonly string[] {
  if (requests.length === 0) return ["Nothing waits for a person."];
  const count = requests.length === 1 ? "1 request waits" : `${requests.length} requests wait`;
  return [
    ...wrapText(`${count} for a person, oldest first.`, frame.width),
    ...requests.flatMap((request) => ["", ...renderWaiting(request, frame)]),
  ];
}

function renderWaiting(request: WaitingRequest, frame: Frame): readonly string[] {
  const { palette, now, width } = frame;
  const { requestId, kind, askedAt, id, agent, supervisorId } = request;
  const age = toDuration(now.getTime() - Date.parse(askedAt));
  const head = `${palette.strong(requestId)} ${palette.wait(toKind(kind))}, asked ${age} ago`;
  const of = id === supervisorId ? "" : ` of ${supervisorId}`;
  return [
    ...wrapText(head, width),
    ...field("from", `${toPlainLine(agent)}, ${id}${of}`, frame),
    ...field("asks", palette.wait(toWords(request)), frame),
    ...renderArguments(id, request, frame),
    ...field("blocks", toBlocked(request), frame),
    ...field("until", toDeadline(request, now), frame),
    ...field("decide", toDecisions(id, request).join("\n"), frame),
  ];
}

function toWords({ kind, label, text }: OpenRequest): string {
  return kind === "answer" ? toPlainText(text) : toPlainLine(label);
}

const toKind = (kind: OpenRequest["kind"]): string => (kind === "answer" ? "question" : kind);

function toBlocked({ id, description, blocks }: WaitingRequest): string {
  const [, ...above] = blocks;
  const what = description ? `this task: ${toPlainLine(description)}` : `the supervisor ${id}`;
  return [what, ...above.map((one) => `${one}, which waits for it`)].join("\n");
}

function toDeadline({ kind, expiresAt, extended }: OpenRequest, now: Date): string {
  const left = Date.parse(expiresAt) - now.getTime();
  const then = kind === "answer" ? "it goes on without an answer" : "it counts as denied";
  const how = left > 0 ? `${toDuration(left)} left, then ${then}` : "its time is up";
  return `${expiresAt} (${how}${extended ? ", prolonged once" : ""})`;
}

/** Behind a bar, so that no argument can pass for a line of Bosun's. */
function renderArguments(id: string, request: OpenRequest, frame: Frame): readonly string[] {
  if (request.kind === "answer") return [];
  const room = Math.max(7, frame.width - 13);
  const whole = toArguments(request.text);
  const lines = wrapText(toPlainText(whole ?? request.text), room).map((line) => `│ ${line}`);
  const more = whole === undefined ? [`The rest: bosun transcript ${id}`] : [];
  return field("with", [...lines, ...more].join("\n"), frame);
}

/** One argument a line, text as it is. Nothing when it was cut, so that it is no JSON any more. */
function toArguments(text: string): string | undefined {
  try {
    const given = JSON.parse(text) as unknown;
    return Object.entries(given ?? {})
      .map(
        ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
      )
      .join("\n");
  } catch {
    return undefined;
  }
}
