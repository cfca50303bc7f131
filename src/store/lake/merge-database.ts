/** Statements of a merge, run in the thread that asks, so that they take none of libuv's threads from the ingest log. */

import type { DuckDBConnection, DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import { DuckDBPendingResultState } from "@duckdb/node-api";
import { TracAggError } from "../../base/errors.ts";
import type { ReadConnection } from "./reader-pool.ts";
import { chunksOf } from "./reader-pool.ts";

/** One connection of a writing database with a single thread. */
export class MergeDatabase implements ReadConnection {
  readonly raw: DuckDBConnection;
  readonly #cancelled: Int32Array | undefined;

  /** @param cancelled shared memory whose first number becomes 1 when the work is to end */
  constructor(connection: DuckDBConnection, cancelled?: Int32Array) {
    this.raw = connection;
    this.#cancelled = cancelled;
  }

  /** @throws TracAggError `cancelled` once nobody wants the result. */
  throwIfCancelled(): void {
    if (this.#cancelled !== undefined && Atomics.load(this.#cancelled, 0) === 1)
      throw new TracAggError("cancelled", "the merge was cancelled before it was done");
  }

  /** Runs a statement to its end. */
  async run(sql: string): Promise<void> {
    await this.#run(sql, []);
  }

  async *chunks(
    ...[sql, values]: Parameters<ReadConnection["chunks"]>
  ): ReturnType<ReadConnection["chunks"]> {
    for await (const chunk of chunksOf(await this.#run(sql, values), undefined)) {
      this.throwIfCancelled();
      yield chunk;
    }
  }

  async rows(sql: string, values: readonly DuckDBValue[]): Promise<DuckDBValue[][]> {
    const rows: DuckDBValue[][] = [];
    for await (const chunk of this.chunks(sql, values)) rows.push(...chunk.getRows());
    return rows;
  }

  async #run(sql: string, values: readonly DuckDBValue[]): Promise<DuckDBResult> {
    const pending = await this.raw.start(sql, [...values]);
    // A database of one thread does all its work in these calls; `run` would do it in a thread of libuv's.
    while (pending.runTask() !== DuckDBPendingResultState.RESULT_READY) this.throwIfCancelled();
    return await pending.getResult();
  }
}
