// Reads a file to its end, as a model would.
import { expect } from "vitest";
import type { Bench } from "./bench.ts";

/** Follows `offset=` from page to page. */
export async function readAll(
  bench: Bench,
  path: string,
): Promise<{ lines: number; pages: number }> {
  let lines = 0;
  let pages = 0;
  for (let offset: number | undefined = 1; offset !== undefined; pages += 1) {
    const text: string = await bench.text("read_file", { path, offset, limit: 2_000 });
    expect(text).not.toContain("are left out here");
    lines += text.match(/^\d+\t/gm)?.length ?? 0;
    const [, next] = /offset=(\d+)\]$/.exec(text) ?? [];
    offset = next === undefined ? undefined : Number(next);
  }
  return { lines, pages };
}
