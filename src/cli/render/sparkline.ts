/** A small chart of values over time, one line high. */

/** Heights from an eighth of a line to a whole one. */
const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * Values as bars in `width` characters, from 0 to the greatest of them: of several values in one character the one that
 * is furthest from 0. A blank is where there is none.
 *
 * @param values - one for each interval; undefined: none
 * @param width - 1 or more
 */
export function sparkline(values: readonly (number | undefined)[], width: number): string {
  const columns = Math.min(width, values.length);
  const heights: (number | undefined)[] = new Array<undefined>(columns).fill(undefined);
  for (const [index, value] of values.entries()) {
    if (value === undefined || !Number.isFinite(value)) continue;
    const column = Math.floor((index * columns) / values.length);
    heights[column] = Math.max(heights[column] ?? 0, Math.abs(value));
  }
  const top = Math.max(0, ...heights.map((height) => height ?? 0));
  return heights.map((height) => (height === undefined ? " " : barOf(top === 0 ? 0 : height / top))).join("");
}

/** @param share - 0 to 1 */
function barOf(share: number): string {
  return BARS[Math.max(0, Math.ceil(share * BARS.length) - 1)] as string;
}
