// Lists the files of a folder with their sizes.
import type { listFilesInput } from "../../protocol/tools/host.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { toPlace } from "./jail.ts";
import type { Tool } from "./tool.ts";
import { walk } from "./walk.ts";

const maxLines = 500;

export const listFiles: Tool<Shaped<typeof listFilesInput>> = async (input, context) => {
  const folder = await toPlace(context.jail, input.path ?? ".");
  const { files, notes } = await walk(context.jail, folder, input.pattern, context.signal);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const left = files.length - maxLines;
  const lines = [
    `${files.length} files, ${bytes} bytes under ${folder.shown}`,
    ...files.slice(0, maxLines).map((file) => `${file.shown}\t${file.bytes}`),
    ...notes,
    ...(left > 0 ? [`[${left} more files: narrow path or pattern]`] : []),
  ];
  return { text: lines.join("\n") };
};
