/** The DuckDB that answers reads: a few connections, lent one query at a time. */

import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import { DuckDBInstance } from "@duckdb/node-api";
import { TracAggError } from "../../base/errors.ts";
import { quoteSql } from "./sql-text.ts";

/** Bounds of the reading database. */
export interface ReaderPoolOptions {
  /** The only folder it may read; its own temporary files excepted. */
  readonly directory: string;
  readonly temporaryDirectory: string;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Queries that run at once. */
  readonly concurrency: number;
  /** Queries that may wait for their turn; one more is refused with `overloaded`. */
  readonly maxWaiting: number;
}

/** What one holder of a connection can do. */
export interface ReadConnection {
  /** Runs a statement; its answer lies in DuckDB's memory (or temporary files) and is handed over in chunks. */
  chunks(sql: string, values: readonly DuckDBValue[]): AsyncGenerator<DuckDBDataChunk, void>;
  /** All rows of a small answer. */
  rows(sql: string, values: readonly DuckDBValue[]): Promise<DuckDBValue[][]>;
  /** The connection itself, for filling temporary tables. */
  readonly raw: DuckDBConnection;
}

/** Lends connections; queries of a caller whose signal aborts are interrupted inside DuckDB. */
export class ReaderPool {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[];
  readonly #waiting: (() => void)[] = [];
  readonly #maxWaiting: number;
  #isClosed = false;
  #lent = 0;

  private constructor(instance: DuckDBInstance, connections: DuckDBConnection[], maxWaiting: number) {
    this.#instance = instance;
    this.#idle = connections;
    this.#maxWaiting = maxWaiting;
  }

  static async open(options: ReaderPoolOptions): Promise<ReaderPool> {
    const instance = await DuckDBInstance.create(":memory:", {
      threads: String(options.threads),
      memory_limit: `${Math.ceil(options.memoryLimitBytes / (1024 * 1024))}MiB`,
      temp_directory: options.temporaryDirectory,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connections: DuckDBConnection[] = [];
    for (let count = 0; count < options.concurrency; count++) connections.push(await instance.connect());
    const first = connections[0]!;
    // Segments never change under their name: what is known of a file stays true.
    await first.run("SET GLOBAL parquet_metadata_cache = true");
    await first.run(`SET GLOBAL allowed_directories = [${quoteSql(options.directory)}]`);
    await first.run("SET GLOBAL enable_external_access = false");
    await first.run("SET GLOBAL lock_configuration = true");
    return new ReaderPool(instance, connections, options.maxWaiting);
  }

  /** Callers that wait for a connection. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Lends a connection to `work`.
   *
   * @throws TracAggError `overloaded` when too many wait already, `cancelled` when the signal aborts.
   */
  async use<T>(
    signal: AbortSignal | undefined,
    work: (connection: ReadConnection) => Promise<T>,
  ): Promise<T> {
    const connection = await this.#acquire(signal);
    const interrupt = (): void => connection.interrupt();
    signal?.addEventListener("abort", interrupt);
    try {
      if (signal?.aborted) throw cancelled(signal);
      return await work(readConnectionOf(connection, signal));
    } catch (thrown) {
      throw signal?.aborted ? cancelled(signal) : thrown;
    } finally {
      signal?.removeEventListener("abort", interrupt);
      this.#release(connection);
    }
  }

  /** Lets running queries end, then closes the database. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#lent > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    for (const connection of this.#idle.splice(0)) connection.closeSync();
    this.#instance.closeSync();
  }

  async #acquire(signal: AbortSignal | undefined): Promise<DuckDBConnection> {
    while (!this.#isClosed) {
      if (signal?.aborted) {
        // Its turn may have come in the same moment: the next in line must hear of it then.
        if (this.#idle.length > 0) this.#waiting.shift()?.();
        throw cancelled(signal);
      }
      const connection = this.#idle.pop();
      if (connection !== undefined) {
        this.#lent++;
        return connection;
      }
      if (this.#waiting.length >= this.#maxWaiting) {
        throw new TracAggError(
          "overloaded",
          `more than ${this.#maxWaiting} queries are waiting; ask again later`,
          {
            retryAfterMillis: 1_000,
          },
        );
      }
      await this.#turn(signal);
    }
    throw new TracAggError("unavailable", "the store was stopped and answers no more queries");
  }

  /** Resolves when a connection may be free, or nobody waits for one any more. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        resolve();
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(wake);
    });
  }

  #release(connection: DuckDBConnection): void {
    this.#lent--;
    this.#idle.push(connection);
    if (this.#isClosed) for (const wake of this.#waiting.splice(0)) wake();
    else this.#waiting.shift()?.();
  }
}

function cancelled(signal: AbortSignal): TracAggError {
  return new TracAggError("cancelled", "the query was cancelled before its answer was ready", {
    cause: signal.reason,
  });
}

/** The chunks of an answer, up to the first empty one. */
export async function* chunksOf(
  result: DuckDBResult,
  signal: AbortSignal | undefined,
): AsyncGenerator<DuckDBDataChunk, void> {
  for (let chunk = await result.fetchChunk(); chunk !== null; chunk = await result.fetchChunk()) {
    if (signal?.aborted) throw cancelled(signal);
    if (chunk.rowCount === 0) return;
    yield chunk;
  }
}

function readConnectionOf(connection: DuckDBConnection, signal: AbortSignal | undefined): ReadConnection {
  async function* chunks(sql: string, values: readonly DuckDBValue[]): AsyncGenerator<DuckDBDataChunk, void> {
    // Not streamed: a streamed answer ends, without an error, when its connection runs another statement.
    yield* chunksOf(await connection.run(sql, [...values]), signal);
  }
  return {
    chunks,
    raw: connection,
    rows: async (sql, values) => {
      const rows: DuckDBValue[][] = [];
      for await (const chunk of chunks(sql, values)) rows.push(...chunk.getRows());
      return rows;
    },
  };
}
