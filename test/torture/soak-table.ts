/** What a soak prints: a row for each stretch of time, and the memory of the server over the whole. */

import { median } from "../../bench/percentiles.ts";
import { mebibytes, quantileOf } from "./torture-server.ts";

/** What happened in one stretch of time. */
export interface SoakRow {
  readonly seconds: number;
  readonly spans: number;
  readonly latenciesMillis: readonly number[];
  readonly refusals: number;
  readonly queryMillis: readonly number[];
  readonly residentBytes: number;
  /** Of the main thread: what the JavaScript heap holds, and the buffers beside it. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
  readonly segments: number;
  readonly segmentBytes: number;
  /** Requests that retention had removed by then. */
  readonly removedRequests: number;
}

const HEADER = [
  "at",
  "spans/s",
  "refused",
  "p50 ms",
  "p99 ms",
  "max ms",
  "queries",
  "p50 ms",
  "max ms",
  "RSS",
  "heap",
  "buffers",
  "segments",
  "on disk",
  "requests removed",
];

function lineOf(cells: readonly string[]): string {
  return cells.map((cell, column) => cell.padStart(Math.max(8, HEADER[column]!.length))).join("  ");
}

/** The line above the rows. */
export const SOAK_HEADER: string = lineOf(HEADER);

/** One row; `endSeconds` is when it ends, counted from the start of the soak. */
export function soakLine(row: SoakRow, endSeconds: number): string {
  const shares = (numbers: readonly number[], ...wanted: readonly number[]): string[] =>
    wanted.map((share) => quantileOf(numbers, share).toFixed(0));
  return lineOf([
    `${Math.round(endSeconds)} s`,
    (row.spans / row.seconds).toFixed(0),
    String(row.refusals),
    ...shares(row.latenciesMillis, 0.5, 0.99, 1),
    String(row.queryMillis.length),
    ...shares(row.queryMillis, 0.5, 1),
    mebibytes(row.residentBytes),
    mebibytes(row.heapBytes),
    mebibytes(row.bufferBytes),
    String(row.segments),
    mebibytes(row.segmentBytes),
    String(row.removedRequests),
  ]);
}

/** Medians of the four quarters of a list of samples. */
export function quarterMedians(samples: readonly number[]): [number, number, number, number] {
  const quarter = (index: number): number => {
    const [from, to] = [index, index + 1].map((edge) => Math.floor((samples.length * edge) / 4));
    return median(samples.slice(from, to)) ?? 0;
  };
  return [quarter(0), quarter(1), quarter(2), quarter(3)];
}
