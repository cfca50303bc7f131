/** What happens to a request between a receiver and its answer, in order. */

import type { Clock } from "../base/clock.ts";
import { systemClock } from "../base/clock.ts";
import { errorFrom, TracAggError } from "../base/errors.ts";
import type { Metrics } from "../base/metrics.ts";
import { silentMetrics } from "../base/metrics.ts";
import type { SpanBatch } from "../batch/span-batch.ts";
import { OtlpRequestDecoder } from "../codec/otlp-protobuf/request-decoder.ts";
import type { DecodedParts } from "../codec/otlp-protobuf/request-parts.ts";
import { decodeInParts } from "../codec/otlp-protobuf/request-parts.ts";
import type { IngestLog, LogRecord } from "../log/ingest-log.ts";
import type { SpanWriter } from "../store/span-writer.ts";
import { InFlight } from "./in-flight.ts";
import type { IngestMetrics } from "./ingest-metrics.ts";
import { createIngestMetrics, registerInFlightGauges } from "./ingest-metrics.ts";
import { OrderedCommits } from "./ordered-commits.ts";
import type { IngestRequest, IngestResult, Reservation, SpanSink } from "./span-sink.ts";

/** Bytes of all requests in flight: four of the largest, or some 1,300 usual ones, and little beside a 1 GiB heap. */
export const DEFAULT_MAX_IN_FLIGHT_BYTES: number = 256 * 1024 * 1024;

/** Requests in flight: each costs a few kilobytes of stream and promise state besides its payload. */
export const DEFAULT_MAX_IN_FLIGHT_REQUESTS: number = 4_096;

/** Decoding more than this in one go would hold up other requests: a mebibyte takes some 5 ms, at worst 20. */
const LONG_REQUEST_BYTES = 1024 * 1024;

/**
 * How far the log may be behind its disk. Exporters give a request up after ten seconds by default and then send it
 * again: told earlier, they keep their spans and the disk is spared the copies.
 */
export const DEFAULT_MAX_LOG_LAG_MILLIS = 2_000;

/** When to come again while the store asks for a pause or the process ends. */
const RETRY_AFTER_MILLIS = 1_000;

/** What a pipeline is made of. */
export interface IngestPipelineOptions {
  readonly log: IngestLog;
  readonly store: SpanWriter;
  /** Whoever else takes what the store took; must not throw. */
  readonly followers?: readonly Pick<SpanWriter, "append">[];
  readonly maxInFlightBytes?: number;
  readonly maxInFlightRequests?: number;
  /** Longest wait for the disk of the oldest record at which new requests are still let in. */
  readonly maxLogLagMillis?: number;
  /** Asked at every `reserve`; true turns the request away retryably. */
  readonly isOverloaded?: () => boolean;
  /**
   * Decodes payloads over a mebibyte, in parts; they are its own from then on. Default: at once, which for 64 MiB
   * stops everything else for half a second.
   */
  readonly decodeLong?: (payload: Uint8Array) => Promise<DecodedParts>;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
}

/** A sink with an end. */
export interface IngestPipeline extends SpanSink {
  /** Turns new requests away with `unavailable` and resolves once every admitted one has its answer. Idempotent. */
  drain(): Promise<void>;
}

/**
 * Makes the way of a request: admit, decode, log durably, make searchable, answer.
 *
 * @example
 * const pipeline = createIngestPipeline({ log: createMemoryLog(), store: createMemoryStore({}) });
 * const { acceptedSpans } = await pipeline.submit({ payload, transport: "otlp_grpc" });
 */
export function createIngestPipeline(options: IngestPipelineOptions): IngestPipeline {
  return new Pipeline(options);
}

class Pipeline implements IngestPipeline {
  readonly #log: IngestLog;
  readonly #targets: readonly Pick<SpanWriter, "append">[];
  readonly #isOverloaded: () => boolean;
  readonly #maxLogLagMillis: number;
  readonly #clock: Clock;
  readonly #metrics: IngestMetrics;
  readonly #inFlight: InFlight;
  readonly #decoder = new OtlpRequestDecoder();
  readonly #decodeLong: (payload: Uint8Array) => Promise<DecodedParts>;
  readonly #commits = new OrderedCommits();
  #submitted = 0;
  #isDraining = false;
  #drainWaiters: (() => void)[] = [];

  constructor(options: IngestPipelineOptions) {
    const metrics = options.metrics ?? silentMetrics;
    this.#log = options.log;
    this.#targets = [options.store, ...(options.followers ?? [])];
    this.#isOverloaded = options.isOverloaded ?? (() => false);
    this.#maxLogLagMillis = options.maxLogLagMillis ?? DEFAULT_MAX_LOG_LAG_MILLIS;
    this.#decodeLong = options.decodeLong ?? (async (payload) => decodeInParts(this.#decoder, payload));
    this.#clock = options.clock ?? systemClock;
    this.#metrics = createIngestMetrics(metrics);
    this.#inFlight = new InFlight(
      {
        maxBytes: options.maxInFlightBytes ?? DEFAULT_MAX_IN_FLIGHT_BYTES,
        maxRequests: options.maxInFlightRequests ?? DEFAULT_MAX_IN_FLIGHT_REQUESTS,
      },
      (limit) => this.#metrics.overloaded(limit),
    );
    registerInFlightGauges(metrics, this.#inFlight);
  }

  reserve(bytes: number): Reservation {
    if (this.#isDraining) throw drainingError();
    if (this.#isOverloaded()) throw this.#overloaded("store", "the store is behind");
    const lagMillis = this.#log.lagMillis();
    if (lagMillis > this.#maxLogLagMillis) {
      throw this.#overloaded("log", `the disk of the ingest log is ${Math.round(lagMillis)} ms behind`);
    }
    return this.#inFlight.reserve(bytes);
  }

  async submit(request: IngestRequest): Promise<IngestResult> {
    this.#submitted++;
    try {
      return await this.#ingest(request);
    } finally {
      this.#submitted--;
      if (this.#submitted === 0) this.#wakeDrainWaiters();
    }
  }

  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#inFlight.idle();
    if (this.#submitted === 0) return;
    await new Promise<void>((resolve) => {
      this.#drainWaiters.push(resolve);
    });
  }

  #overloaded(limit: "store" | "log", reason: string): TracAggError {
    this.#metrics.overloaded(limit);
    return new TracAggError("overloaded", `${reason}; send again after the delay given`, {
      retryAfterMillis: RETRY_AFTER_MILLIS,
    });
  }

  /** The order of things. */
  async #ingest(request: IngestRequest): Promise<IngestResult> {
    // Whoever decodes a long payload elsewhere takes its bytes away.
    const { payload, transport } = request;
    const payloadBytes = payload.length;
    const decoded =
      payloadBytes > LONG_REQUEST_BYTES
        ? await this.#decodeLong(payload)
        : decodeInParts(this.#decoder, payload);
    const { acceptedSpans, rejectedSpans, errorMessage, parts } = decoded;
    this.#metrics.received(transport, acceptedSpans + rejectedSpans, payloadBytes);
    if (rejectedSpans > 0) this.#metrics.refused("invalid", rejectedSpans);
    if (parts.length === 1) await this.#keep(request, parts[0] as SpanBatch, decoded.isAsItCame);
    else await this.#keepParts(request, parts);
    return { acceptedSpans, rejectedSpans, errorMessage };
  }

  /** Ends once every part is settled, also when one fails: the room of the request is given back with its answer. */
  async #keepParts(request: IngestRequest, parts: readonly SpanBatch[]): Promise<void> {
    const kept = await Promise.allSettled(parts.map((part) => this.#keep(request, part, false)));
    for (const part of kept) if (part.status === "rejected") throw part.reason;
  }

  /** What is logged is what is stored: the payload of the batch, or the gzip form that it came in. */
  async #keep(request: IngestRequest, batch: SpanBatch, isAsItCame: boolean): Promise<void> {
    const arrivalUnixMillis = this.#clock.nowMillis();
    const startedMillis = performance.now();
    try {
      const gzipPayload = isAsItCame ? request.gzipPayload : undefined;
      const appended = this.#log.append(logRecord(batch.payload, gzipPayload, arrivalUnixMillis));
      await this.#commits.run(appended, (position) => {
        this.#metrics.appended((performance.now() - startedMillis) / 1_000);
        for (const target of this.#targets) target.append({ batch, position, arrivalUnixMillis });
      });
    } catch (error) {
      this.#metrics.refused("unavailable", batch.rowCount);
      throw errorFrom(error);
    }
    this.#metrics.accepted(request.transport, batch.rowCount);
  }

  #wakeDrainWaiters(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const wake of waiters) wake();
  }
}

/** The gzip form is logged where there is one and it is smaller. */
function logRecord(
  payload: Uint8Array,
  gzipPayload: Uint8Array | undefined,
  arrivalUnixMillis: number,
): LogRecord {
  if (gzipPayload !== undefined && gzipPayload.length < payload.length) {
    return { payload: gzipPayload, encoding: "gzip", arrivalUnixMillis };
  }
  return { payload, encoding: "identity", arrivalUnixMillis };
}

function drainingError(): TracAggError {
  return new TracAggError(
    "unavailable",
    "shutting down; send again to the next instance or after a restart",
    {
      retryAfterMillis: RETRY_AFTER_MILLIS,
    },
  );
}
