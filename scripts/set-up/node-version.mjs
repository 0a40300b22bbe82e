// Which Node is new enough.

const oldest = [20, 19];

/** What is wrong with a Node of this version, or undefined. */
export function nodeProblem(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return undefined;
  return `Bosun needs Node ${oldest.join(".")} or later, and this is Node ${version}. Install a newer one from https://nodejs.org or with your version manager, for example: nvm install 22`;
}

/** Ends the process with one sentence when this Node is too old. */
export function requireNode(version = process.versions.node) {
  const problem = nodeProblem(version);
  if (problem === undefined) return;
  console.error(problem);
  process.exit(1);
}
