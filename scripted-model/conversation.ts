// What a script sees of a request.
import type { Block, Message, MessagesRequest, Tool } from "./request.ts";

/** One tool call and, once it came, its result. */
export interface ToolRun {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly result: { readonly text: string; readonly isError: boolean } | null;
}

export type Moment =
  | { readonly kind: "user"; readonly text: string }
  | { readonly kind: "said"; readonly text: string }
  | { readonly kind: "run"; readonly run: ToolRun };

export interface Conversation {
  readonly model: string;
  readonly system: string;
  /** From the first line of the system prompt: `# name`. */
  readonly agent: string | null;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly mayCallTools: boolean;
  readonly assistantTurns: number;
  /** Assistant turns since the newest user text. */
  readonly turnsSinceUser: number;
  /** Everything said and done, in order. */
  readonly timeline: readonly Moment[];
  readonly runs: readonly ToolRun[];
  /** What arrived after the last assistant turn. */
  readonly latest: { readonly texts: readonly string[]; readonly runs: readonly ToolRun[] };
}

export function toConversation(request: MessagesRequest): Conversation {
  const system = (request.system ?? []).map(({ text }) => text).join("\n\n");
  const tools = new Map((request.tools ?? []).map((tool) => [tool.name, tool]));
  const results = collectResults(request.messages);
  const timeline = request.messages.flatMap((message) => toMoments(message, results));
  const runs = timeline.flatMap((moment) => (moment.kind === "run" ? [moment.run] : []));
  return {
    model: request.model,
    system,
    agent: /^\s*# +([\w-]+)/.exec(system)?.[1] ?? null,
    tools,
    mayCallTools: tools.size > 0 && request.tool_choice?.type !== "none",
    assistantTurns: request.messages.filter(isTurn).length,
    turnsSinceUser: countTurnsSinceUser(request.messages),
    timeline,
    runs,
    latest: toLatest(request.messages, runs),
  };
}

function textsOf(message: Message): string[] {
  return message.content.flatMap((block) => (block.type === "text" ? [block.text] : []));
}

export function userTexts(conversation: Conversation): string[] {
  return conversation.timeline.flatMap((moment) => (moment.kind === "user" ? [moment.text] : []));
}

type Results = ReadonlyMap<string, NonNullable<ToolRun["result"]>>;

const isTurn = (message: Message) => message.role === "assistant" && message.content.length > 0;

function collectResults(messages: readonly Message[]): Results {
  const results = new Map<string, NonNullable<ToolRun["result"]>>();
  for (const block of messages.flatMap(({ content }) => content)) {
    if (block.type !== "tool_result") continue;
    results.set(block.tool_use_id, { text: resultText(block), isError: block.is_error ?? false });
  }
  return results;
}

function resultText({ content }: Extract<Block, { type: "tool_result" }>): string {
  if (typeof content === "string") return content;
  return (content ?? []).flatMap(({ text }) => text ?? []).join("\n");
}

function toMoments({ role, content }: Message, results: Results): Moment[] {
  return content.flatMap((block): Moment[] => {
    if (block.type === "tool_use") {
      const { id, name, input } = block;
      return [{ kind: "run", run: { id, name, input, result: results.get(id) ?? null } }];
    }
    if (block.type !== "text" || role === "system") return [];
    return [{ kind: role === "user" ? "user" : "said", text: block.text }];
  });
}

function countTurnsSinceUser(messages: readonly Message[]): number {
  const newest = messages.findLastIndex(
    (message) => message.role === "user" && textsOf(message).length > 0,
  );
  return messages.slice(newest + 1).filter(isTurn).length;
}

/** A paused turn at the end is not an answer yet: what preceded it is still the latest. */
function toLatest(messages: readonly Message[], runs: readonly ToolRun[]): Conversation["latest"] {
  const end = messages.findLastIndex(({ role }) => role === "user") + 1;
  const start = messages.findLastIndex((message, index) => index < end && isTurn(message)) + 1;
  const blocks = messages.slice(start, end).filter(({ role }) => role === "user");
  const answered = new Set(
    blocks.flatMap(({ content }) =>
      content.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id] : [])),
    ),
  );
  return { texts: blocks.flatMap(textsOf), runs: runs.filter(({ id }) => answered.has(id)) };
}
