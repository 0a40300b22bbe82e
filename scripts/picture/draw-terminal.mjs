// A terminal with coloured text, as an SVG.

const palettes = {
  light: {
    paper: "#ffffff",
    edge: "#d0d7de",
    ink: "#1f2328",
    faint: "#656d76",
    31: "#cf222e",
    32: "#1a7f37",
    33: "#9a6700",
    36: "#0969da",
  },
  dark: {
    paper: "#0d1117",
    edge: "#30363d",
    ink: "#e6edf3",
    faint: "#8b949e",
    31: "#ff7b72",
    32: "#3fb950",
    33: "#d29922",
    36: "#58a6ff",
  },
};

export const themes = Object.keys(palettes);

const cell = { width: 8.4, height: 19 };
const margin = 14;

/** Every piece of text has its place and its width, so that any monospaced font keeps the columns. */
export function drawTerminal(lines, { columns, theme }) {
  const palette = palettes[theme];
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const height = lines.length * cell.height + 2 * margin;
  const rows = lines.flatMap((line, row) => drawLine(line, margin + row * cell.height + 14));
  const colours = [31, 32, 33, 36].map((code) => `.c${code}{fill:${palette[code]}}`).join("");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    "<title>A run of npm start, and the tasks in the middle of it</title>",
    `<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${palette.ink};white-space:pre}.b{font-weight:700}.d{fill:${palette.faint}}${colours}</style>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="${palette.paper}" stroke="${palette.edge}"/>`,
    ...rows,
    "</svg>",
    "",
  ].join("\n");
}

function drawLine(line, y) {
  let column = 0;
  return toPieces(line).flatMap(({ text, looks }) => {
    const from = column;
    column += text.length;
    const words = text.trim();
    if (!words) return [];
    const x = round(margin + (from + text.indexOf(words)) * cell.width);
    const length = round(words.length * cell.width);
    const look = looks.length > 0 ? ` class="${looks.join(" ")}"` : "";
    return `<text x="${x}" y="${y}" textLength="${length}"${look}>${escape(words)}</text>`;
  });
}

/** Text between two changes of colour, and how it looks. */
function toPieces(line) {
  let looks = [];
  const [first, ...others] = line.split("\x1b[");
  const pieces = others.map((part) => {
    const end = part.indexOf("m");
    looks = toLooks(looks, Number(part.slice(0, end)));
    return { text: part.slice(end + 1), looks };
  });
  return [{ text: first, looks: [] }, ...pieces];
}

function toLooks(looks, code) {
  if (code === 0) return [];
  if (code === 1) return [...looks, "b"];
  if (code === 2) return [...looks, "d"];
  if (code === 22) return looks.filter((look) => look !== "b" && look !== "d");
  if (code === 39) return looks.filter((look) => !look.startsWith("c"));
  return [...looks, `c${code}`];
}

const round = (length) => Math.round(length * 10) / 10;

const escape = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
