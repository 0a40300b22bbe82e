// Waiting for something through a fault.
import { isRequestError } from "../../../client/request-error.ts";

/** Polls until a value is there. No answer is no answer yet: the limit is the test's own. */
export async function until<Value>(
  what: string,
  look: () => Promise<Value | null | undefined | false>,
): Promise<Value> {
  for (let tries = 0; tries < 1_400; tries += 1) {
    const found = await look().catch((error: unknown) => {
      if (isRequestError(error, "noWorker", "unreachable")) return undefined;
      throw error;
    });
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`never came: ${what}`);
}
