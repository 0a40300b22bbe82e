// A log with a live picture below it, or a plain log.
import { createLogUpdate } from "log-update";

export interface Screen {
  /** Appended for good. */
  log(lines: readonly string[]): void;
  /** Replaces the picture. A plain screen shows none. */
  picture(lines: readonly string[]): void;
  /** Takes the picture away. */
  close(): void;
}

export function plainScreen(print: (text: string) => void): Screen {
  return {
    log: (lines) => {
      if (lines.length > 0) print(lines.join("\n"));
    },
    picture: () => undefined,
    close: () => undefined,
  };
}

/** For terminals. The log scrolls away above, the picture stays at the bottom. */
export function liveScreen(output: NodeJS.WritableStream): Screen {
  const update = createLogUpdate(output);
  let shown = "";
  return {
    log: (lines) => {
      if (lines.length === 0) return;
      update.clear();
      output.write(`${lines.join("\n")}\n`);
      if (shown) update(shown);
    },
    picture: (lines) => {
      shown = lines.join("\n");
      update(shown);
    },
    close: () => {
      shown = "";
      update.clear();
      update.done();
    },
  };
}
