/** Markdown tables and the numbers in them. */

/** A table; a missing cell reads "-". */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(header),
    `|${"---|".repeat(header.length)}`,
    ...rows.map((row) => line(row.map((cell) => (cell ?? "-").replaceAll("|", "\\|")))),
  ];
}

/** A number with this many digits after the point, thousands apart; undefined stays so. */
export function numberText(value: number | undefined, digits = 0): string | undefined {
  return value?.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Bytes in megabytes of 10^6. */
export function megabytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / 1e6;
}

/** `numerator / denominator`, undefined when either is missing or there is nothing to divide by. */
export function ratio(numerator: number | undefined, denominator: number | undefined): number | undefined {
  if (numerator === undefined || denominator === undefined || denominator === 0) return undefined;
  return numerator / denominator;
}
