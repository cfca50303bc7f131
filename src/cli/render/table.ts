/** Tables for a terminal. */

import { displayWidth, fitted, padded, printable } from "./printable.ts";
import type { Style } from "./style.ts";

/** One column: its title, where its text stands, and how a cell looks. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand right. */
  readonly side?: "left" | "right";
  readonly look?: (text: string, row: Row) => string;
  /** Widest cell, default {@link MAX_CELL_WIDTH}. */
  readonly maxWidth?: number;
}

/** Widest cell: longer names are cut, the whole text is in the JSON. */
export const MAX_CELL_WIDTH = 60;

/** Title line and one line for each row, columns two blanks apart. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): string {
  const cells = rows.map((row) =>
    columns.map((column) => fitted(printable(column.cell(row)), column.maxWidth ?? MAX_CELL_WIDTH)),
  );
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((line) => displayWidth(line[index] as string))),
  );
  const place = (text: string, index: number): string =>
    padded(text, widths[index] as number, columns[index]?.side ?? "left");
  const title = columns.map((column, index) => place(column.title, index)).join("  ");
  const lines = cells.map((line, rowIndex) => {
    const placed = line.map((text, index) => {
      const look = columns[index]?.look;
      return look === undefined ? place(text, index) : look(place(text, index), rows[rowIndex] as Row);
    });
    return placed.join("  ").trimEnd();
  });
  return `${[style.bold(title.trimEnd()), ...lines].join("\n")}\n`;
}
