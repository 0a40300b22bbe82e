// Compaction: one signed block for a whole conversation.
import { invalid } from "./api-error.ts";
import { mac, toPrefix } from "./prefix.ts";
import type { Block, MessagesRequest } from "./request.ts";

type CompactionBlock = Extract<Block, { type: "compaction" }>;

export function checkCompaction(request: MessagesRequest): void {
  checkSentBack(request);
  if (!request.compaction) return;
  if (request.context_management) throw invalid("compaction: not together with context_management");
  if (request.messages.at(-1)?.content.some((block) => block.type === "tool_result")) {
    throw invalid("compaction: a tool call is still being answered", "compaction_incomplete_turn");
  }
  if (
    !request.messages.some(
      ({ role, content }) => role === "assistant" && content[0]?.type !== "compaction",
    )
  ) {
    throw invalid("compaction: nothing to summarize", "compaction_nothing_to_summarize");
  }
}

export function toCompactionBlock(request: MessagesRequest, summary: string): CompactionBlock {
  const signature = `${mac("setup", toPrefix(request).setup)}.${mac("summary", summary)}`;
  return {
    type: "compaction",
    content: summary,
    encrypted_content: null,
    signature,
    tool_changes: [],
  };
}

function checkSentBack(request: MessagesRequest): void {
  const places = request.messages.flatMap(({ content }, message) =>
    content.flatMap((block, at) =>
      block.type === "compaction" ? [{ block, isFirst: message + at === 0 }] : [],
    ),
  );
  if (places.length > 1)
    throw invalid("messages: more than one compaction block", "compaction_block_ambiguous");
  const place = places[0];
  if (!place) return;
  if (!place.isFirst)
    throw invalid("messages: the compaction block must come first", "compaction_block_misplaced");
  checkBlock(request, place.block);
}

function checkBlock(request: MessagesRequest, block: CompactionBlock): void {
  const [setup, summary] = (block.signature ?? "").split(".");
  if (setup === undefined || summary === undefined) {
    throw invalid("messages.0: invalid compaction signature", "compaction_signature_invalid");
  }
  if (block.tool_changes?.length) {
    throw invalid(
      "messages.0: tool_changes differ from the server's",
      "compaction_tool_changes_mismatch",
    );
  }
  if (
    summary !== mac("summary", block.content ?? "") ||
    setup !== mac("setup", toPrefix(request).setup)
  ) {
    throw invalid(
      "messages.0: the summary, system or tools changed",
      "compaction_content_mismatch",
    );
  }
}
