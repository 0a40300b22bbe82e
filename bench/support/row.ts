// A row of the first set, and the lines it becomes.
import type { Pair } from "./side.ts";

export interface Row {
  /** What it measures, for the help. */
  readonly about: string;
  /** How often it is measured where nothing else is said. */
  readonly rounds: number;
  measure(rounds: number): Promise<readonly Line[]>;
}

export interface Line extends Pair {
  readonly what: string;
  readonly unit: string;
  readonly digits?: number;
  readonly goal?: Goal;
}

export interface Goal {
  /** What is held against the limit: Bosun's figure, or its share of the bare program's. */
  readonly of: "bosun" | "ratio";
  readonly is: "at most" | "at least";
  readonly limit: number;
}

/** Measures again and again. The first rounds find nothing loaded, and do not count. */
export async function inRounds<Result>(
  { warmUps, rounds }: { readonly warmUps: number; readonly rounds: number },
  measure: () => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const result = await measure();
    if (round >= 0) results.push(result);
  }
  return results;
}

/** Of each side, so that a disturbed round does not count. */
export function medians(pairs: readonly Pair[]): Pair {
  return {
    bare: median(pairs.map(({ bare }) => bare)),
    bosun: median(pairs.map(({ bosun }) => bosun)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = Number.NaN, high = low] = sorted.slice(Math.floor((sorted.length - 1) / 2));
  return sorted.length % 2 === 0 ? (low + high) / 2 : low;
}
