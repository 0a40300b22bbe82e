// A Messages API request, as this server reads it.
import { z } from "zod";

const cache_control = z
  .strictObject({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() })
  .nullish();
const record = z.record(z.string(), z.unknown());

const textBlock = z.strictObject({
  type: z.literal("text"),
  text: z.string(),
  citations: z.array(record).nullish(),
  cache_control,
});
const toolUse = {
  id: z.string().regex(/^[\w-]+$/),
  name: z.string().min(1),
  input: record,
  caller: record.nullish(),
  cache_control,
  toolset_name: z.string().nullish(),
};
const opaque = <T extends string>(type: T) => z.looseObject({ type: z.literal(type) });

const block = z.discriminatedUnion("type", [
  textBlock,
  z.strictObject({
    type: z.literal("tool_result"),
    tool_use_id: z.string(),
    content: z
      .union([
        z.string(),
        z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
      ])
      .optional(),
    is_error: z.boolean().optional(),
    cache_control,
  }),
  z.strictObject({ type: z.literal("tool_use"), ...toolUse }),
  z.strictObject({ type: z.literal("server_tool_use"), ...toolUse }),
  z.strictObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() }),
  z.strictObject({ type: z.literal("redacted_thinking"), data: z.string() }),
  z.strictObject({
    type: z.literal("compaction"),
    content: z.string().nullish(),
    encrypted_content: z.string().nullish(),
    signature: z.string().nullish(),
    tool_changes: z.array(record).nullish(),
    cache_control,
  }),
  opaque("web_search_tool_result"),
  opaque("image"),
  opaque("document"),
  opaque("search_result"),
]);

/** A string stands for one text block, here as in the API. */
const content = z.preprocess(
  (value) => (typeof value === "string" ? [{ type: "text", text: value }] : value),
  z.array(block),
);
const system = z.preprocess(
  (value) => (typeof value === "string" ? [{ type: "text", text: value }] : value),
  z.array(textBlock),
);

const message = z.strictObject({
  role: z.enum(["user", "assistant", "system"]),
  content,
  clear_at: z.unknown().optional(),
  output_config: z.unknown().optional(),
});

const tool = z.looseObject({
  type: z.string().nullish(),
  name: z.string().regex(/^[\w-]{1,128}$/),
  input_schema: record.optional(),
});

export const requestSchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(0),
  messages: z.array(message).min(1, "at least one message is required"),
  system: system.optional(),
  tools: z.array(tool).optional(),
  tool_choice: z
    .strictObject({
      type: z.enum(["auto", "none", "any", "tool"]),
      name: z.string().optional(),
      disable_parallel_tool_use: z.boolean().optional(),
    })
    .optional(),
  stream: z.boolean().optional(),
  thinking: z
    .looseObject({ type: z.enum(["adaptive", "enabled", "disabled", "between_tools"]) })
    .optional(),
  cache_control,
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  stop_sequences: z.array(z.string()).optional(),
  output_config: z.looseObject({}).optional(),
  diagnostics: z.strictObject({ previous_message_id: z.string().nullish() }).nullish(),
  service_tier: z.enum(["auto", "standard_only"]).optional(),
  speed: z.enum(["standard", "fast"]).nullish(),
  inference_geo: z.string().nullish(),
  container: z.unknown().optional(),
  user_profile_id: z.string().optional(),
  workspace_id: z.string().optional(),
  compaction: z
    .strictObject({ type: z.literal("summarize"), instructions: z.string().nullish() })
    .nullish(),
  context_management: z
    .looseObject({ edits: z.array(z.looseObject({ type: z.string() })).optional() })
    .nullish(),
});

export type MessagesRequest = z.infer<typeof requestSchema>;
export type Message = MessagesRequest["messages"][number];
export type Block = Message["content"][number];
export type Tool = z.infer<typeof tool>;
