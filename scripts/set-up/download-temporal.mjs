// The official Temporal command line, downloaded.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { placeProgram } from "./place-program.mjs";
import { showProgress } from "./progress.mjs";
import { runChild } from "./run-child.mjs";

const systems = { linux: "linux", darwin: "darwin", win32: "windows" };
const machines = { x64: "amd64", arm64: "arm64" };

/** Puts the released program at the target. Resolves to why it could not, or undefined. */
export async function downloadTemporal(order) {
  const system = systems[process.platform];
  const machine = machines[process.arch];
  if (!system || !machine) return `no download for ${process.platform} on ${process.arch}`;
  const release = `https://github.com/temporalio/cli/releases/download/v${order.version}`;
  const archive = `temporal_cli_${order.version}_${system}_${machine}.tar.gz`;
  const end = showProgress(() => `Downloading Temporal ${order.version}`);
  const failure = await placeProgram(order, async (folder) => {
    const sums = await fetchAll(`${release}/checksums.txt`);
    const bytes = await fetchAll(`${release}/${archive}`);
    if (!sums.toString("utf8").includes(`${sha256(bytes)}  ${archive}`)) {
      return "the archive does not have the checksum of the release";
    }
    writeFileSync(join(folder, archive), bytes);
    const code = await runChild("tar", ["-xzf", archive, order.program], { cwd: folder });
    return code === 0 ? undefined : `tar ended with code ${code}`;
  });
  end(failure ? `not possible (${failure})` : "done");
  return failure && `download from github.com: ${failure}`;
}

/** Gives up when nothing has answered in 5 seconds, or nothing has come for 15. */
async function fetchAll(address) {
  const giveUp = new AbortController();
  let timer;
  const wait = (seconds) => {
    clearTimeout(timer);
    const late = new Error(`nothing came within ${seconds} seconds`);
    timer = setTimeout(() => giveUp.abort(late), seconds * 1_000);
  };
  wait(5);
  try {
    const answer = await fetch(address, { signal: giveUp.signal });
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
    const chunks = [];
    wait(15);
    for await (const chunk of answer.body) {
      wait(15);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
