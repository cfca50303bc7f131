/** Conditions in SQL with what is known without asking: always, never. */

import type { BoundSql } from "./bound-sql.ts";

/** True: every row passes; false: none does; else the text of a condition on a row. */
export type RowSql = boolean | ((sql: BoundSql) => string);

/** All of them hold. */
export function allSql(...parts: readonly RowSql[]): RowSql {
  if (parts.includes(false)) return false;
  return joined(
    parts.filter((part) => part !== true),
    " AND ",
    true,
  );
}

/** One of them holds. */
export function anySql(...parts: readonly RowSql[]): RowSql {
  if (parts.includes(true)) return true;
  return joined(
    parts.filter((part) => part !== false),
    " OR ",
    false,
  );
}

function joined(parts: readonly RowSql[], operator: string, none: boolean): RowSql {
  const texts = parts.filter((part) => typeof part === "function");
  const [only] = texts;
  if (only === undefined) return none;
  if (texts.length === 1) return only;
  return (sql) => `(${texts.map((text) => text(sql)).join(operator)})`;
}
