// How the tour looks: a timeline, and the tasks below it.
import type { FeedEntry } from "../../protocol/feed.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { LiveCalls } from "../live-calls.ts";
import { renderAgents } from "../screen/agent-list.ts";
import { layOut, renderEntry } from "../screen/feed-lines.ts";
import type { Palette } from "../screen/palette.ts";
import { toPlainLine } from "../screen/plain-text.ts";
import type { Screen } from "../screen/screen.ts";
import type { SupervisorHandle } from "../supervisor-handle.ts";
import type { SupervisorView } from "../supervisor-view.ts";
import { cutLine } from "../screen/wrap-text.ts";

interface TourScreenOptions {
  readonly screen: Screen;
  readonly palette: Palette;
  readonly columns: () => number;
  /** Whether there is a picture to keep up to date. */
  readonly draws: boolean;
}

export class TourScreen {
  readonly draws: boolean;
  readonly #options: TourScreenOptions;
  #begun = 0;

  constructor(options: TourScreenOptions) {
    this.#options = options;
    this.draws = options.draws;
  }

  begin(supervisor: SupervisorHandle, workspace: string): void {
    this.#begun = Date.now();
    const text = `supervisor ${supervisor.id} started on ${workspace}`;
    this.#options.screen.log(layOut(text, this.#frame(new Date())));
  }

  show(entry: FeedEntry): void {
    const { screen } = this.#options;
    screen.log(renderEntry(entry, this.#frame(new Date(entry.at))));
  }

  draw(supervisor: SupervisorView, tasks: readonly TaskView[], calls: LiveCalls): void {
    const { screen, palette, columns } = this.#options;
    const width = columns() - 1;
    const agents = { supervisors: [supervisor], tasks };
    const lines = renderAgents(agents, { width, now: new Date(), palette }, calls);
    const tail = toPlainLine(calls.get(supervisor.id)?.tail ?? "");
    const writing = tail ? [palette.faint(cutLine(`  … ${tail}`, width, "middle"))] : [];
    screen.picture(["", ...lines, ...writing]);
  }

  /** Seconds since the start, in five columns. */
  #frame(at: Date) {
    const { palette, columns } = this.#options;
    const seconds = Math.max(0, (at.getTime() - this.#begun) / 1_000);
    return { width: columns() - 1, palette, stamp: `${seconds.toFixed(1).padStart(5)}s ` };
  }
}
