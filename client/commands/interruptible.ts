// A wait that Ctrl-C ends, with words.
import { onInterrupt } from "../installation/interrupts.ts";
import { CommandError } from "../command-error.ts";

/** `words` say what became of what is waited for, and how to look at it later. */
export async function interruptible<Result>(
  words: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupted = new AbortController();
  const stopListening = onInterrupt(
    () => interrupted.abort(),
    () => process.exit(130),
  );
  try {
    return await work(interrupted.signal);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    throw new CommandError(words, 130);
  } finally {
    stopListening();
  }
}
