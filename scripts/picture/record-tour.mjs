// Takes the tour, and notes what two terminals show.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root } from "../set-up/root.mjs";

/** The tour, shortened, and the list of tasks from when the person changes their mind. */
export async function recordTour(state, columns) {
  const seen = { change: false, list: Promise.resolve("") };
  // Two columns are left for the mark of what was cut.
  const tour = await bosun(["demo"], toEnv(state, columns - 2), (output) => {
    const [, id] = /supervisor (supervisor-\w+) started/.exec(output) ?? [];
    if (seen.change || !id || !output.includes("Two changes.")) return;
    seen.change = true;
    seen.list = bosun(["tasks", id], toEnv(state, columns));
  });
  const lines = [
    "$ npm start",
    ...shorten(tour),
    "",
    "$ ./bin/bosun tasks   # meanwhile, in another terminal",
    ...(await seen.list).trimEnd().split("\n"),
  ];
  // Where it was taken is nobody's business.
  return lines.map((line) => line.replaceAll(state, "~/bosun").replaceAll(root, "~/bosun"));
}

/** Without a key, so that anybody gets the same picture. */
function toEnv(state, columns) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(ANTHROPIC|BOSUN|NO_COLOR)/.test(name) && name !== "TEMPORAL_ADDRESS",
  );
  return {
    ...Object.fromEntries(kept),
    BOSUN_DIR: join(state, ".bosun"),
    FORCE_COLOR: "1",
    COLUMNS: String(columns),
  };
}

function bosun(args, env, hear = () => undefined) {
  const program = join(root, "bin", "bosun");
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => hear((output += text)));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`bosun ${args[0]} ended with ${code}:\n${output}`));
    });
  });
}

const isEntry = (line) => /^ *\d+\.\ds /.test(stripVTControlCharacters(line));

/** The first line of each entry of the timeline, without the supervisor's own tool calls. */
function shorten(tour) {
  const lines = tour.split("\n");
  return lines.flatMap((line, index) => {
    if ((index > 0 && !isEntry(line)) || line.includes("tool: ")) return [];
    const next = lines[index + 1];
    const goesOn = isEntry(line) && next !== undefined && !isEntry(next);
    return [goesOn ? `${line} …` : line];
  });
}
