// A line that shows that something long is still going on.

/** A line of more than one row would leave the others behind when it is drawn again. */
function roomFor(rest) {
  return Math.max(0, (process.stderr.columns || 80) - 1 - rest.length);
}

/** Shows `title()` with the seconds so far, on stderr, until the returned function is called. */
export function showProgress(title) {
  const began = Date.now();
  const tty = process.stderr.isTTY;
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const draw = () => {
    const since = ` … ${seconds()} s`;
    const line = `${tty ? title().slice(0, roomFor(since)) : title()}${since}`;
    process.stderr.write(tty ? `\r\x1b[2K${line}` : `${line}\n`);
  };
  draw();
  // A log should not fill with lines, a terminal should not seem dead.
  const timer = setInterval(draw, tty ? 1_000 : 10_000);
  return (end) => {
    clearInterval(timer);
    process.stderr.write(`${tty ? "\r\x1b[2K" : ""}${title()}: ${end}, ${seconds()} s\n`);
  };
}
