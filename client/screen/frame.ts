// What lines are laid out for.
import type { Palette } from "./palette.ts";

export interface Frame {
  /** Columns a line may have. */
  readonly width: number;
  readonly now: Date;
  readonly palette: Palette;
}
