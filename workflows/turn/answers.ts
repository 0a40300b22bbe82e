// What a tool of the workflow itself answers.
import type { ToolAnswer } from "../../protocol/turn.ts";

export const said = (data: object): ToolAnswer => ({ text: JSON.stringify(data), isError: false });
export const refused = (text: string): ToolAnswer => ({ text, isError: true });
