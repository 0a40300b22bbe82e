// The models this server knows, as of 2026-11-21.

export interface ModelFacts {
  /** Null where no figure was published. */
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number | null;
  /** Refuses forced tools, prefill, `thinking: enabled` and a changed prefix. */
  readonly newest: boolean;
  /** Takes `role: "system"` among the messages (Opus 4.8 and newer). */
  readonly systemMessages: boolean;
  readonly retiresAt?: string;
}

const measured = { contextTokens: 1_000_000, maxOutputTokens: 128_000 };
const unknown = { contextTokens: null, maxOutputTokens: null };
const newest = { newest: true, systemMessages: true };
const newer = { newest: false, systemMessages: true };
const older = { newest: false, systemMessages: false };
const retiring = { retiresAt: "2026-11-30T00:00:00Z" };

const models: Readonly<Record<string, ModelFacts>> = {
  "claude-fable-5-2": { ...unknown, ...newest },
  "claude-mythos-5-2": { ...unknown, ...newest },
  "claude-fable-5-1": { ...measured, ...newest },
  "claude-mythos-5-1": { ...unknown, ...newest },
  "claude-opus-5-5": { ...measured, ...newest },
  "claude-sonnet-5-5": { ...measured, ...newest },
  "claude-haiku-5-5": { ...measured, ...newest },
  "claude-sonnet-5": { ...unknown, ...newer },
  "claude-fable-5": { ...unknown, ...newer },
  "claude-mythos-5": { ...unknown, ...newer },
  "claude-opus-5": { ...unknown, ...newer },
  "claude-opus-4-8": { ...unknown, ...newer },
  "claude-opus-4-7": { ...unknown, ...older },
  "claude-mythos-preview": { ...unknown, ...older },
  "claude-opus-4-6": { ...unknown, ...older },
  "claude-sonnet-4-6": { ...unknown, ...older },
  "claude-haiku-4-5": { ...unknown, ...older },
  "claude-haiku-4-5-20251001": { ...unknown, ...older },
  "claude-opus-4-5": { ...unknown, ...older },
  "claude-opus-4-5-20251101": { ...unknown, ...older },
  "claude-sonnet-4-5": { ...unknown, ...older, ...retiring },
  "claude-sonnet-4-5-20250929": { ...unknown, ...older, ...retiring },
};

export function findModel(id: string): ModelFacts | undefined {
  return Object.hasOwn(models, id) ? models[id] : undefined;
}

/** What `GET /v1/models/:id` answers. */
export function toModelInfo(id: string, facts: ModelFacts): Record<string, unknown> {
  return {
    type: "model",
    id,
    display_name: `${id} (scripted, not a model)`,
    created_at: "1970-01-01T00:00:00Z",
    max_input_tokens: facts.contextTokens,
    max_tokens: facts.maxOutputTokens,
    capabilities: null,
    line: /^claude-(haiku|sonnet|opus|fable|mythos)\b/.exec(id)?.[1] ?? null,
    lifecycle: facts.retiresAt === undefined ? "active" : "deprecated",
    deprecated_at: null,
    retires_at: facts.retiresAt ?? null,
  };
}
