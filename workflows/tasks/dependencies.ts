// Which tasks wait for others, and how that comes out.
import type { TaskEnd } from "../../protocol/task.ts";

/** Another task of the same agent, with how it ended once it has. Its own line may leave the board. */
export interface Dependency {
  readonly taskId: string;
  readonly ended?: TaskEnd["status"];
}

/** What a line of the board says of a task that waits for others. */
export interface Dependent {
  readonly dependsOn?: readonly Dependency[];
  /** It begins however the others ended. */
  readonly runsOnFailed?: true;
  /** It was told that it cannot begin. */
  readonly doomed?: true;
}

/** `waits`: one of the others is open. `doomed`: it can never begin. */
type Standing = "ready" | "waits" | "doomed";

/** The first one that does not complete decides: nobody waits for the rest then. */
export function standingOf({ dependsOn = [], runsOnFailed }: Dependent): Standing {
  if (!runsOnFailed && missed(dependsOn).length > 0) return "doomed";
  return dependsOn.every(({ ended }) => ended) ? "ready" : "waits";
}

/** Those that have ended otherwise than hoped for. */
export function missed(dependsOn: readonly Dependency[]): readonly Dependency[] {
  return dependsOn.filter(({ ended }) => ended && ended !== "completed");
}

/** The line after an end that it may have waited for. */
export function noteEnd<Line extends Dependent>(
  line: Line,
  taskId: string,
  ended: TaskEnd["status"],
): Line {
  const { dependsOn } = line;
  if (!dependsOn?.some((one) => one.taskId === taskId && !one.ended)) return line;
  return {
    ...line,
    dependsOn: dependsOn.map((one) => (one.taskId === taskId ? { taskId, ended } : one)),
  };
}
