// An answer, cut where max_tokens ends.
import { type Answer, type ContentBlock, outputTokens, textBlock, withContent } from "./compose.ts";

export interface Draft {
  readonly answer: Answer;
  /** What a stream sends as the JSON of the last tool call, when that is not its input. */
  readonly lastJson?: string;
}

export function clamp(answer: Answer, maxTokens: number): Draft {
  if (answer.usage.output_tokens <= maxTokens) return { answer };
  const kept: ContentBlock[] = [];
  let left = maxTokens - 1 - answer.usage.output_tokens_details.thinking_tokens;
  for (const block of answer.content) {
    if (left <= 0) break;
    const cost = block.type === "thinking" ? 0 : outputTokens(block);
    if (cost > left) return cutIn(answer, kept, block, left * 4);
    kept.push(block);
    left -= cost;
  }
  return { answer: withContent(answer, kept, "max_tokens") };
}

/** The last block breaks off: text as it stands, a call with JSON that does not close. */
function cutIn(
  answer: Answer,
  kept: readonly ContentBlock[],
  block: ContentBlock,
  length: number,
): Draft {
  if (typeof block["text"] === "string") {
    const text = textBlock(block["text"].slice(0, length));
    return { answer: withContent(answer, [...kept, text], "max_tokens") };
  }
  if (block.type !== "tool_use") return { answer: withContent(answer, kept, "max_tokens") };
  const cut = withContent(answer, [...kept, { ...block, input: {} }], "max_tokens");
  return { answer: cut, lastJson: JSON.stringify(block["input"]).slice(0, length) };
}
