/** What is measured of one load on one backend. */

import type { Percentiles } from "../percentiles.ts";
import { median } from "../percentiles.ts";

/** One backend, one way to send. What could not be read of the process is undefined. */
export interface IngestFigures {
  readonly variant: string;
  readonly target: string;
  readonly spans: number;
  readonly requests: number;
  readonly failedRequests: number;
  readonly firstFailure: string;
  readonly retries: number;
  /** Until the last acknowledgement. */
  readonly ackedSpansPerSecond: number;
  /** Until everything is sealed and the server has ended: the rate that can be kept up. */
  readonly sealedSpansPerSecond: number;
  readonly ackedCpuMicrosPerSpan: number | undefined;
  readonly sealedCpuMicrosPerSpan: number | undefined;
  readonly peakRssBytes: number | undefined;
  readonly diskBytesPerSpan: number | undefined;
  readonly latencyMillis: Percentiles;
  /** Own CPU of the load generator over its wall time: near 1 it was the limit. */
  readonly generatorCpuShare: number;
}

/** The median of each figure; of failures and refusals the most, for they must not hide. */
export function medianFigures(rows: readonly IngestFigures[]): IngestFigures {
  const [first] = rows;
  if (first === undefined) throw new Error("expected figures of one round at least");
  const middle = <K extends keyof IngestFigures>(key: K) =>
    median(rows.flatMap((row) => (typeof row[key] === "number" ? [row[key] as number] : [])));
  const latency = (key: keyof Percentiles) => median(rows.map((row) => row.latencyMillis[key])) ?? 0;
  return {
    ...first,
    failedRequests: Math.max(...rows.map((row) => row.failedRequests)),
    firstFailure: rows.find((row) => row.firstFailure !== "")?.firstFailure ?? "",
    retries: Math.max(...rows.map((row) => row.retries)),
    ackedSpansPerSecond: middle("ackedSpansPerSecond") ?? 0,
    sealedSpansPerSecond: middle("sealedSpansPerSecond") ?? 0,
    ackedCpuMicrosPerSpan: middle("ackedCpuMicrosPerSpan"),
    sealedCpuMicrosPerSpan: middle("sealedCpuMicrosPerSpan"),
    peakRssBytes: middle("peakRssBytes"),
    diskBytesPerSpan: middle("diskBytesPerSpan"),
    latencyMillis: {
      p50: latency("p50"),
      p95: latency("p95"),
      p99: latency("p99"),
      p999: latency("p999"),
      max: latency("max"),
    },
    generatorCpuShare: middle("generatorCpuShare") ?? 0,
  };
}
