// The faults that make a complete but unusual message.
import { randomBytes } from "node:crypto";
import { type Answer, type ContentBlock, textBlock, withContent } from "./compose.ts";
import type { Draft } from "./clamp.ts";
import type { MessageFault } from "./faults.ts";

export function bendMessage({ answer }: Draft, fault: MessageFault): Draft {
  switch (fault.type) {
    case "refusal":
      return { answer: refuse(answer, fault.category ?? null) };
    case "stop_reason":
      return { answer: { ...answer, stop_reason: fault.value } };
    case "empty_end_turn":
      return { answer: withContent(answer, [], "end_turn") };
    case "empty_text":
      return { answer: withContent(answer, withEmptyText(answer.content), answer.stop_reason) };
    case "pause_turn":
      return { answer: withContent(answer, [...signed(answer), serverToolUse()], "pause_turn") };
    case "context_window_exceeded":
      return {
        answer: withContent(answer, halved(answer.content), "model_context_window_exceeded"),
      };
    case "truncated_tool_use":
      return truncate(answer);
    case "invalid_tool_json":
      return { answer, lastJson: '{"scripted": nonsense}' };
  }
}

function refuse(answer: Answer, category: string | null): Answer {
  const refused = withContent(answer, [], "refusal");
  return {
    ...refused,
    stop_details: { type: "refusal", category, explanation: "scripted refusal" },
  };
}

function withEmptyText(content: readonly ContentBlock[]): ContentBlock[] {
  const spoken = content.filter(({ type }) => type !== "text");
  const at = spoken.findIndex(({ type }) => type === "tool_use");
  return spoken.toSpliced(at === -1 ? spoken.length : at, 0, textBlock(""));
}

function halved(content: readonly ContentBlock[]): ContentBlock[] {
  return content.flatMap((block) => {
    if (block.type === "tool_use") return [];
    const text = block["text"];
    return typeof text === "string"
      ? [textBlock(text.slice(0, Math.ceil(text.length / 2)))]
      : [block];
  });
}

/** The call is cut in its JSON, as when `max_tokens` runs out in the middle of it. */
function truncate(answer: Answer): Draft {
  const at = answer.content.findLastIndex(({ type }) => type === "tool_use");
  const cut = answer.content[at];
  if (!cut) return { answer: withContent(answer, halved(answer.content), "max_tokens") };
  const json = JSON.stringify(cut["input"]);
  const content = [...answer.content.slice(0, at), { ...cut, input: {} }];
  const lastJson = json.slice(0, Math.ceil(json.length / 2));
  return { answer: withContent(answer, content, "max_tokens"), lastJson };
}

function signed({ content }: Answer): ContentBlock[] {
  return content.filter(({ type }) => type === "thinking");
}

function serverToolUse(): ContentBlock {
  const id = `srvtoolu_${randomBytes(12).toString("hex")}`;
  return {
    type: "server_tool_use",
    id,
    name: "web_search",
    input: { query: "scripted" },
    caller: { type: "direct" },
  };
}
