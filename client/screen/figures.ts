// Times, tokens and money, short.
import type { Usage } from "../../protocol/turn.ts";

/** `7s`, `3m05s`, `2h10m`, `4d02h`. */
export function toDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes < 1) return `${seconds}s`;
  if (hours < 1) return `${minutes}m${pad(seconds % 60)}s`;
  if (hours < 24) return `${hours}h${pad(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d${pad(hours % 24)}h`;
}

export function toElapsed(startedAt: string, endedAt: string | null, now: Date): string {
  const end = endedAt === null ? now.getTime() : Date.parse(endedAt);
  return toDuration(end - Date.parse(startedAt));
}

/** `950`, `4.1k`, `120k`, `2.3M`. */
export function toCount(count: number): string {
  if (count < 1_000) return String(count);
  const [unit, size] = count < 999_500 ? (["k", 1_000] as const) : (["M", 1_000_000] as const);
  const scaled = count / size;
  return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** Everything a model read and wrote. */
export function totalTokens(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.outputTokens;
}

/** `44k in (40k cached, 3.8k written), 224 out`: written to the cache, and read from it. */
export function toTokenText(usage: Usage): string {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = usage;
  const input = toCount(inputTokens + cacheReadTokens + cacheWriteTokens);
  const cached = `${toCount(cacheReadTokens)} cached, ${toCount(cacheWriteTokens)} written`;
  return `${input} in (${cached}), ${toCount(outputTokens)} out`;
}

export function toUsdText(usd: number | null): string {
  return usd === null ? "price unknown" : `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
