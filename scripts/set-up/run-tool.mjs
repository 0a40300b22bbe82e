// A development tool of this clone, with our terminal.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

/** Runs a tool in the clone and resolves to its exit code. Ctrl-C reaches it by itself. */
export function runTool(name, args) {
  const folder = join(root, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const entry = join(folder, typeof bin === "string" ? bin : bin[name]);
  const child = spawn(process.execPath, [entry, ...args], { cwd: root, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, ignore);
  const pass = () => child.kill("SIGTERM");
  process.on("SIGTERM", pass);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      for (const signal of ["SIGINT", "SIGHUP"]) process.off(signal, ignore);
      process.off("SIGTERM", pass);
      resolve(code ?? 1);
    });
  });
}

function ignore() {
  // The tool ends by itself, and its exit code is ours.
}
