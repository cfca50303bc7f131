/** The DuckDB that segments are written with: one thread, for the length of one piece of work. */

import type { DuckDBConnection } from "@duckdb/node-api";
import type { DatabaseOptions } from "./database.ts";
import { openDatabase } from "./database.ts";

/** Opens an empty database for the length of `work`. */
export async function withWritingDatabase<T>(
  { memoryLimitBytes, temporaryDirectory }: Omit<DatabaseOptions, "threads">,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await openDatabase({ threads: 1, memoryLimitBytes, temporaryDirectory });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
