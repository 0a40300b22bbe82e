// A wait that Ctrl-C ends, with words.
import { openInterrupt } from "../installation/interrupts.ts";
import { CommandError } from "../command-error.ts";

/** `words` say what became of what is waited for, and how to look at it later. */
export async function interruptible<Result>(
  words: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { signal, stopListening } = openInterrupt();
  try {
    return await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandError(words, 130);
  } finally {
    stopListening();
  }
}
