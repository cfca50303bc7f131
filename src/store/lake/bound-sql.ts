/** SQL text with its values apart: values are always bound, never part of the text. */

import type { DuckDBValue } from "@duckdb/node-api";
import { blobValue } from "@duckdb/node-api";
import { bytesFromHex } from "../../base/bytes.ts";

/** Bounds of the database's 64-bit numbers. */
export const MAX_UINT64: bigint = 2n ** 64n - 1n;
export const MIN_INT64: bigint = -(2n ** 63n);
export const MAX_INT64: bigint = 2n ** 63n - 1n;

/** Values that a statement refers to as `$1`, `$2`, ... */
export class BoundSql {
  readonly values: DuckDBValue[] = [];

  /** Binds a value and returns the text that stands for it. */
  bind(value: DuckDBValue): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** Binds an unsigned 64-bit number. */
  bindUint64(value: bigint): string {
    return `${this.bind(value)}::UBIGINT`;
  }

  /** Binds a trace id. */
  bindTraceId(traceId: string): string {
    return this.bind(blobValue(bytesFromHex(traceId)!));
  }
}
