/** The few colours the terminal output has. */

import type { CliContext } from "../cli-context.ts";
import { hasColours } from "../cli-context.ts";

/** Puts a text into a colour; what the colour says is always said by a word or sign too. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
}

function sgr(start: number, end: number): (text: string) => string {
  return (text) => (text === "" ? "" : `\u001b[${start}m${text}\u001b[${end}m`);
}

/** Leaves every text as it is. */
export const PLAIN_STYLE: Style = Object.freeze({
  bold: (text: string) => text,
  dim: (text: string) => text,
  red: (text: string) => text,
  yellow: (text: string) => text,
});

/** The style that fits the output. */
export function styleOf(context: CliContext): Style {
  if (!hasColours(context)) return PLAIN_STYLE;
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), yellow: sgr(33, 39) };
}
