// What the bare program does: asks the model, lists files.
import { readdir } from "node:fs/promises";
import type Anthropic from "@anthropic-ai/sdk";

export type Header = Pick<Anthropic.MessageStreamParams, "model" | "system" | "tools">;

export interface BareActivities {
  callModel(agent: string, messages: Anthropic.MessageParam[]): Promise<Anthropic.ContentBlock[]>;
  listFiles(): Promise<string>;
}

export function createActivities(
  anthropic: Anthropic,
  headers: ReadonlyMap<string, Header>,
  workspace: string,
): BareActivities {
  return {
    async callModel(agent, messages) {
      const header = headers.get(agent);
      if (!header) throw new Error(`There is no agent ${agent}.`);
      const stream = anthropic.messages.stream({
        ...header,
        messages,
        max_tokens: 16_000,
        cache_control: { type: "ephemeral" },
      });
      return (await stream.finalMessage()).content;
    },
    listFiles: async () => (await readdir(workspace)).join("\n"),
  };
}
