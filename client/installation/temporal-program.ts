// The Temporal command line, found by the set-up script.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import type { Env } from "../../protocol/environment.ts";
import { CommandError } from "../command-error.ts";
import { root } from "./clone.ts";

const answerShape = z.object({
  temporal: z.object({ path: z.string().optional(), skipped: z.array(z.string()) }),
  packagesProblem: z.string().optional(),
});

export type SetUpAnswer = z.infer<typeof answerShape>;

interface Order {
  readonly env: Env;
  readonly signal?: AbortSignal | undefined;
  /** Lines of progress. They are many only when Temporal is downloaded or built. */
  readonly onProgress?: (line: string) => void;
}

/** The path of a Temporal that works. Downloads or builds one when there is none. */
export async function getTemporalProgram(order: Order): Promise<string> {
  const { temporal } = await askSetUp([], order);
  if (temporal.path !== undefined) return temporal.path;
  throw new CommandError("The set-up found no Temporal. Run: node scripts/set-up.mjs");
}

/** What is there, without changing anything. */
export async function checkSetUp(env: Env): Promise<SetUpAnswer> {
  return askSetUp(["--check"], { env });
}

async function askSetUp(args: readonly string[], order: Order): Promise<SetUpAnswer> {
  const script = join(root, "scripts", "set-up.mjs");
  const child = spawn(process.execPath, [script, ...args], {
    env: order.env,
    stdio: ["ignore", "pipe", "pipe"],
    // It ends what it started when it is told to end.
    ...(order.signal && { signal: order.signal, killSignal: "SIGTERM" as const }),
  });
  let answer = "";
  let remarks = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (answer += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    remarks += text;
    for (const line of text.split("\n")) if (line.trim()) order.onProgress?.(line);
  });
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  const read = answerShape.safeParse(answer === "" ? undefined : JSON.parse(answer));
  if (read.success) return read.data;
  throw new CommandError(remarks.trim() || "The set-up script gave no answer.");
}
