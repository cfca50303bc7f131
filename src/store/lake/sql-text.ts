/** Text inside SQL statements, for the few places that take no parameter. */

/** A string literal: quotes are doubled, nothing else has a meaning inside. */
export function quoteSql(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
