/** The DuckDB that answers reads: a few connections, lent one query at a time. */

import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBResult,
  DuckDBValue,
} from "@duckdb/node-api";
import { TracAggError } from "../../base/errors.ts";
import { throwIfAborted } from "../../base/time-slice.ts";
import type { DatabaseOptions } from "./database.ts";
import { openDatabase } from "./database.ts";
import { quoteSql } from "./sql-text.ts";

/** Bounds of the reading database. */
export interface ReaderPoolOptions extends DatabaseOptions {
  /** The only folder it may read; its own temporary files excepted. */
  readonly directory: string;
  /** Queries that run at once. */
  readonly concurrency: number;
  /** Queries that may wait for their turn; one more is refused with `overloaded`. */
  readonly maxWaiting: number;
  /** While it says true, one query runs at a time: something more urgent needs the processor. Default never. */
  readonly isPressed?: () => boolean;
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

/**
 * Files that are gone after which the database is opened anew. It keeps what it knows of a file, some 100 kB of one with
 * many columns, for as long as it lives, and has no word for "forget it".
 */
const MAX_FILES_GONE = 512;

/** One DuckDB and its connections that are not lent. */
interface ReadDatabase {
  readonly instance: DuckDBInstance;
  readonly idle: DuckDBConnection[];
  lent: number;
}

interface Lent {
  readonly database: ReadDatabase;
  readonly connection: DuckDBConnection;
}

/** Lends connections; queries of a caller whose signal aborts are interrupted inside DuckDB. */
export class ReaderPool {
  /** How often the database was opened anew, and how often that failed. */
  readonly renewals = { done: 0, failed: 0 };
  readonly #options: ReaderPoolOptions;
  readonly #waiting: (() => void)[] = [];
  #database: ReadDatabase;
  #filesGone = 0;
  #renewal: Promise<void> | undefined;
  #isClosed = false;
  /** Connections lent, also those of a database that was replaced. */
  #lent = 0;

  private constructor(options: ReaderPoolOptions, database: ReadDatabase) {
    this.#options = options;
    this.#database = database;
  }

  static async open(options: ReaderPoolOptions): Promise<ReaderPool> {
    return new ReaderPool(options, await openReadDatabase(options));
  }

  /** Callers that wait for a connection. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Says that so many files that may have been read will not be read again. */
  filesGone(count: number): void {
    this.#filesGone += count;
    if (this.#filesGone < MAX_FILES_GONE || this.#isClosed) return;
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
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
    const lent = await this.#acquire(signal);
    const { connection } = lent;
    const interrupt = (): void => connection.interrupt();
    signal?.addEventListener("abort", interrupt);
    try {
      throwIfAborted(signal);
      return await work(readConnectionOf(connection, signal));
    } catch (thrown) {
      throwIfAborted(signal);
      throw thrown;
    } finally {
      signal?.removeEventListener("abort", interrupt);
      this.#release(lent);
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
    await this.#renewal;
    closeIfUnused(this.#database);
  }

  /** Queries that run keep the old database until they end. */
  async #renew(): Promise<void> {
    const fresh = await openReadDatabase(this.#options).catch(() => undefined);
    if (fresh === undefined) {
      // The old one serves on, and the next file that goes is another chance.
      this.renewals.failed++;
      return;
    }
    if (this.#isClosed) {
      closeIfUnused(fresh);
      return;
    }
    const old = this.#database;
    this.#database = fresh;
    this.#filesGone = 0;
    this.renewals.done++;
    closeIfUnused(old);
  }

  async #acquire(signal: AbortSignal | undefined): Promise<Lent> {
    while (!this.#isClosed) {
      if (signal?.aborted) {
        // Its turn may have come in the same moment: the next in line must hear of it then.
        this.#wakeFree();
        throwIfAborted(signal);
      }
      const database = this.#database;
      const connection = this.#freeCount > 0 ? database.idle.pop() : undefined;
      if (connection !== undefined) {
        this.#lent++;
        database.lent++;
        return { database, connection };
      }
      if (this.#waiting.length >= this.#options.maxWaiting) {
        throw new TracAggError(
          "overloaded",
          `more than ${this.#options.maxWaiting} queries are waiting; ask again later`,
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

  /** Those of a replaced database count too: no more queries run at once than may. */
  get #freeCount(): number {
    const { concurrency, isPressed } = this.#options;
    const running = isPressed?.() === true ? 1 : concurrency;
    return Math.min(running - this.#lent, this.#database.idle.length);
  }

  #wakeFree(): void {
    for (const wake of this.#waiting.splice(0, Math.max(0, this.#freeCount))) wake();
  }

  #release({ database, connection }: Lent): void {
    this.#lent--;
    database.lent--;
    database.idle.push(connection);
    if (database !== this.#database) closeIfUnused(database);
    if (this.#isClosed) for (const wake of this.#waiting.splice(0)) wake();
    else this.#wakeFree();
  }
}

async function openReadDatabase(options: ReaderPoolOptions): Promise<ReadDatabase> {
  const instance = await openDatabase(options);
  const idle: DuckDBConnection[] = [];
  for (let count = 0; count < options.concurrency; count++) idle.push(await instance.connect());
  const first = idle[0]!;
  // Segments never change under their name: what is known of a file stays true.
  await first.run("SET GLOBAL parquet_metadata_cache = true");
  await first.run(`SET GLOBAL allowed_directories = [${quoteSql(options.directory)}]`);
  await first.run("SET GLOBAL enable_external_access = false");
  await first.run("SET GLOBAL lock_configuration = true");
  return { instance, idle, lent: 0 };
}

/** Whoever gives the last connection back closes a database that is not wanted any more. */
function closeIfUnused({ instance, idle, lent }: ReadDatabase): void {
  if (lent > 0) return;
  for (const connection of idle.splice(0)) connection.closeSync();
  instance.closeSync();
}

/** The chunks of an answer, up to the first empty one. */
export async function* chunksOf(
  result: DuckDBResult,
  signal: AbortSignal | undefined,
): AsyncGenerator<DuckDBDataChunk, void> {
  for (let chunk = await result.fetchChunk(); chunk !== null; chunk = await result.fetchChunk()) {
    throwIfAborted(signal);
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
