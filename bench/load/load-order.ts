/** What the bench tells the load generator, and what it hears back. */

import type { Percentiles } from "../percentiles.ts";

/** Transport of OTLP. */
export type Protocol = "grpc" | "http";

/** What to send where. */
export interface LoadOrder {
  readonly protocol: Protocol;
  /** `host:port` for gRPC, a URL for HTTP. */
  readonly endpoint: string;
  readonly isGzip: boolean;
  /** Spans a request after merging; 0 sends requests as recorded. */
  readonly mergeSpans: number;
  readonly spans: number;
  /** 0 sends as fast as answers come. */
  readonly spansPerSecond: number;
  readonly concurrency: number;
  /** Other seeds make other trace ids. */
  readonly seed: number;
  /** Folder of recorded requests (`*.bin`); the generated corpus when absent. */
  readonly corpusFolder?: string;
}

/** What the load generator saw. */
export interface LoadResult {
  readonly spans: number;
  readonly requests: number;
  readonly failedRequests: number;
  /** Refusals that asked to come again; those requests were sent again until they were taken. */
  readonly retries: number;
  readonly firstFailure: string;
  /** First byte sent to last answer. */
  readonly wallMillis: number;
  /** From the first try, or at a fixed rate from when it was due, until the request was taken. */
  readonly latencyMillis: Percentiles;
  /** Own CPU seconds while sending: near the wall time, the generator was the limit. */
  readonly ownCpuSeconds: number;
  readonly bytesPerSpan: number;
  readonly sampleTraceIds: readonly string[];
}
