// What lines are laid out for.
import { type Palette, toPalette } from "./palette.ts";

export interface Frame {
  /** Columns a line may have. */
  readonly width: number;
  readonly now: Date;
  readonly palette: Palette;
}

/** A terminal as it is now. */
export function toFrame(terminal: {
  readonly columns: () => number;
  readonly color: boolean;
}): Frame {
  return { width: terminal.columns(), now: new Date(), palette: toPalette(terminal.color) };
}
