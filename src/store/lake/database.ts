/** Opening DuckDB: in memory, bounded, nothing from the network. */

import { DuckDBInstance } from "@duckdb/node-api";

/** Bounds of a database. */
export interface DatabaseOptions {
  readonly threads: number;
  readonly memoryLimitBytes: number;
  /** Where DuckDB may put what does not fit into its memory. */
  readonly temporaryDirectory: string;
}

/** Opens an empty database. */
export function openDatabase(options: DatabaseOptions): Promise<DuckDBInstance> {
  return DuckDBInstance.create(":memory:", {
    threads: String(options.threads),
    memory_limit: `${Math.ceil(options.memoryLimitBytes / (1024 * 1024))}MiB`,
    temp_directory: options.temporaryDirectory,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
}
