/** The DuckDB that segments are written with: one thread, bounded memory, nothing from the network. */

import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDBInstance } from "@duckdb/node-api";

/** Bounds of a writing database. */
export interface WritingDatabaseOptions {
  /** Where DuckDB may put what does not fit into its memory. */
  readonly temporaryDirectory: string;
  readonly memoryLimitBytes: number;
}

/** Opens an empty database for the length of `work`. */
export async function withWritingDatabase<T>(
  options: WritingDatabaseOptions,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: `${Math.ceil(options.memoryLimitBytes / (1024 * 1024))}MiB`,
    temp_directory: options.temporaryDirectory,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
