// A JSON file of Bosun's own, or nothing.
import { readFile } from "node:fs/promises";
import type { z } from "zod";

/** Undefined when it cannot be read, or is of another shape. */
export async function readJson<Value>(
  file: string,
  shape: z.ZodType<Value>,
): Promise<Value | undefined> {
  try {
    return shape.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}
