// What a conversation must look like to be accepted.
import { invalid } from "./api-error.ts";
import type { ModelFacts } from "./models.ts";
import type { Block, Message, MessagesRequest } from "./request.ts";

const allowed: Readonly<Record<Message["role"], ReadonlySet<Block["type"]>>> = {
  user: new Set(["text", "tool_result", "image", "document", "search_result", "compaction"]),
  assistant: new Set([
    "text",
    "tool_use",
    "server_tool_use",
    "web_search_tool_result",
    "thinking",
    "redacted_thinking",
    "compaction",
  ]),
  system: new Set(["text"]),
};

export function checkHistory(request: MessagesRequest, model: ModelFacts): void {
  const { messages } = request;
  if (messages[0]?.role !== "user" && messages[0]?.content[0]?.type !== "compaction") {
    throw invalid("messages.0: the first message must be from the user");
  }
  for (const [index, message] of messages.entries()) {
    checkBlocks(message, index);
    checkResults(messages[index - 1], message, index);
    if (message.role === "system") checkSystemMessage(messages, index, model);
  }
  checkEnd(request);
}

function checkBlocks(message: Message, index: number): void {
  const { role, content } = message;
  for (const [at, block] of content.entries()) {
    const place = `messages.${index}.content.${at}`;
    if (!allowed[role].has(block.type))
      throw invalid(`${place}: "${block.type}" is not allowed for role ${role}`);
    if (block.type !== "text") continue;
    if (block.text === "") throw invalid(`${place}.text: text content blocks must not be empty`);
    if (role === "user" && block.citations?.length)
      throw invalid(`${place}.citations: not allowed on user text`);
  }
  if (role !== "assistant" && content.length === 0)
    throw invalid(`messages.${index}: content must not be empty`);
  const isBlank = content.every((block) => block.type === "text" && block.text.trim() === "");
  if (isBlank && content.length > 0)
    throw invalid(`messages.${index}: must hold more than whitespace`);
}

/** Every call is answered in the very next message: all of them, first, in call order. */
function checkResults(previous: Message | undefined, message: Message, index: number): void {
  const calls = idsOf(previous, "tool_use");
  const results = idsOf(message, "tool_result");
  const missing = calls.find((id) => !results.includes(id));
  if (missing !== undefined) {
    throw invalid(
      `messages.${index}: tool_use ${missing} has no tool_result in the next user message`,
    );
  }
  const orphan = results.find((id) => !calls.includes(id));
  if (orphan !== undefined) {
    throw invalid(
      `messages.${index}: tool_result ${orphan} answers no tool_use of the previous assistant turn`,
    );
  }
  if (results.length > calls.length)
    throw invalid(`messages.${index}: more than one tool_result for the same id`);
  if (results.some((id, at) => id !== calls[at])) {
    throw invalid(`messages.${index}: tool_result blocks must be in the order of their calls`);
  }
  if (message.content.slice(0, results.length).some((block) => block.type !== "tool_result")) {
    throw invalid(`messages.${index}: tool_result blocks must come before any other content`);
  }
}

function idsOf(message: Message | undefined, type: "tool_use" | "tool_result"): readonly string[] {
  return (message?.content ?? []).flatMap((block) => {
    if (block.type === "tool_use" && type === "tool_use") return [block.id];
    return block.type === "tool_result" && type === "tool_result" ? [block.tool_use_id] : [];
  });
}

function checkSystemMessage(messages: readonly Message[], index: number, model: ModelFacts): void {
  if (!model.systemMessages)
    throw invalid(`messages.${index}: role "system" needs Opus 4.8 or newer`);
  if (messages[index - 1]?.role !== "user") {
    throw invalid(`messages.${index}: a system message must follow a user message directly`);
  }
  const next = messages[index + 1];
  if (next && next.role !== "assistant") {
    throw invalid(
      `messages.${index}: a system message must be last or be followed by an assistant turn`,
    );
  }
}

/** A turn paused by `pause_turn` is the one assistant turn a request may end with. */
function checkEnd({ messages, compaction }: MessagesRequest): void {
  const last = messages.at(-1);
  if (last?.role !== "assistant") return;
  const end = last.content.at(-1)?.type;
  if (end === "server_tool_use") return;
  if (compaction && end === "tool_use")
    throw invalid("compaction: a tool call is open", "compaction_incomplete_turn");
  if (compaction) return;
  if (end === "compaction" && messages.length === 1)
    throw invalid("messages: nothing follows the compaction block");
  if (end === "tool_use")
    throw invalid("messages: the last tool_use has no tool_result in a next user message");
  throw invalid(
    "messages: must end with a user message, prefilling the assistant turn is not supported",
  );
}
