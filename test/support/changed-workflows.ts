// The workflows as a later version may have them.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorkflows } from "../../workers/workflow-bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles a copy in which each model call is preceded by this statement. */
export function bundleWithStep(statement: string): Promise<string> {
  return bundleChanged((folder) => addStep(join(folder, "turn", "agent-loop.ts"), statement));
}

/** Bundles a copy in which a file of the workflows lacks a text. */
export function bundleWithout(file: string, text: string): Promise<string> {
  return bundleChanged((folder) => {
    const before = readFileSync(join(folder, file), "utf8");
    if (!before.includes(text)) throw new Error(`${file} no longer says: ${text}`);
    writeFileSync(join(folder, file), before.replace(text, ""));
  });
}

async function bundleChanged(change: (folder: string) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "bosun-later-"));
  try {
    for (const part of ["workflows", "protocol", "package.json"]) {
      cpSync(join(root, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    change(join(folder, "workflows"));
    return (await bundleWorkflows(join(folder, "workflows", "index.ts"))).code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const modelCall = "const answer = await nextAnswer(agent);";

function addStep(file: string, statement: string): void {
  const before = readFileSync(file, "utf8");
  if (!before.includes(modelCall)) throw new Error(`${file} no longer says: ${modelCall}`);
  const caption = before.slice(0, before.indexOf("\n"));
  const rest = before.slice(caption.length).replace(modelCall, `${statement}\n${modelCall}`);
  const imports = 'import { patched, upsertMemo } from "@temporalio/workflow";';
  writeFileSync(file, `${caption}\n${imports}\nvoid [patched, upsertMemo];${rest}`);
}
