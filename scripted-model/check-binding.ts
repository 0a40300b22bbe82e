// Signed thinking, bound to everything said before it.
import { randomBytes } from "node:crypto";
import { invalid } from "./api-error.ts";
import { mac, toPrefix } from "./prefix.ts";
import type { Block, MessagesRequest } from "./request.ts";

export function signThinking(model: string, prefix: string): string {
  return `${model}~${mac("thinking", model, prefix)}`;
}

/** A fresh id each time, which still tells which prefix it was made for. */
export function toToolUseId(prefix: string): string {
  const nonce = randomBytes(6).toString("hex");
  return `toolu_${nonce}${proofOf(nonce, prefix)}`;
}

function proofOf(nonce: string, prefix: string): string {
  return mac("tool_use", nonce, prefix).replaceAll(/[-_]/g, "0").slice(0, 16);
}

/** Stateless: every signature is recomputed from what the request says. */
export function checkBinding(request: MessagesRequest): void {
  const binding = request.thinking?.["block_binding"];
  if (JSON.stringify(binding ?? null).includes('"drop_block"')) return;
  let previous = -1;
  for (const { block, messageIndex, before } of toPrefix(request).steps) {
    const place = `messages.${messageIndex}`;
    if (block.type === "thinking") checkSignature(block, request.model, before, place);
    if (messageIndex !== previous) checkNotStripped(request, messageIndex, before);
    previous = messageIndex;
  }
}

function checkSignature(
  block: Extract<Block, { type: "thinking" }>,
  model: string,
  prefix: string,
  place: string,
): void {
  const [signer, hash] = block.signature.split("~");
  if (hash === undefined) throw invalid(`${place}: invalid signature in thinking block`);
  if (signer !== model) return;
  if (block.signature !== signThinking(model, prefix)) {
    throw invalid(
      `${place}: thinking block does not match its prefix: system, tools or an earlier message was changed`,
    );
  }
}

/** A turn that carries our calls must still begin with its thinking block. */
function checkNotStripped(request: MessagesRequest, messageIndex: number, prefix: string): void {
  const content = request.messages[messageIndex]?.content ?? [];
  if (content.some((block) => block.type === "thinking") || request.thinking?.type === "disabled")
    return;
  for (const block of content) {
    if (block.type !== "tool_use" || !block.id.startsWith("toolu_")) continue;
    const nonce = block.id.slice(6, 18);
    if (block.id === `toolu_${nonce}${proofOf(nonce, prefix)}`) {
      throw invalid(
        `messages.${messageIndex}: expected the thinking block of this turn, found it removed`,
      );
    }
  }
}
