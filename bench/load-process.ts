/**
 * The load generator, a process of its own: reads one JSON line of orders on standard input, sends the corpus again
 * and again with fresh ids and current times, and prints one JSON line with what it saw.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { generateCorpus } from "./generated-corpus.ts";
import type { PayloadTemplate } from "./payload-template.ts";
import { mergedTemplates, patchedPayload, templateFromPayload } from "./payload-template.ts";
import { createRandom } from "./random.ts";
import type { Body, Sender } from "./senders.ts";
import { createGrpcSender, createHttpSender, RetryableRefusal } from "./senders.ts";

/** What to send where. */
export interface LoadOrder {
  readonly protocol: "grpc" | "http";
  /** `host:port` for gRPC, a URL for HTTP. */
  readonly endpoint: string;
  readonly isGzip: boolean;
  /** Spans a request after merging; 0 sends requests as recorded. */
  readonly mergeSpans: number;
  readonly spans: number;
  readonly concurrency: number;
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
  readonly wallMillis: number;
  /** Of the requests that were taken: written to answered. */
  readonly latencyMillis: {
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Own CPU seconds while sending: near the wall time, the generator was the limit. */
  readonly ownCpuSeconds: number;
  readonly bytesPerSpan: number;
  readonly sampleTraceIds: readonly string[];
}

/** Requests of a recording in the order of their numbers, or the generated corpus. */
export function loadTemplates(order: Pick<LoadOrder, "corpusFolder" | "mergeSpans">): PayloadTemplate[] {
  const folder = order.corpusFolder;
  const payloads =
    folder === undefined
      ? generateCorpus()
      : readdirSync(folder)
          .filter((name) => name.endsWith(".bin"))
          .sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10))
          .map((name) => new Uint8Array(readFileSync(join(folder, name))));
  const templates = payloads.map(templateFromPayload);
  return order.mergeSpans > 0 ? mergedTemplates(templates, order.mergeSpans) : templates;
}

interface Prepared {
  readonly template: PayloadTemplate;
  readonly mask: Uint8Array;
  readonly bytes: Uint8Array | undefined;
}

function compareBigints(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Masks for each pass over the corpus; gzip bodies are made before the clock starts. */
function prepare(order: LoadOrder, templates: readonly PayloadTemplate[]): Prepared[] {
  const random = createRandom(order.seed);
  const prepared: Prepared[] = [];
  const lastTime =
    templates
      .map((template) => template.lastTimeUnixNano)
      .sort(compareBigints)
      .at(-1) ?? 0n;
  // As when bodies are made while sending, times move on from request to request.
  let shiftNanos = BigInt(Date.now()) * 1_000_000n - lastTime;
  for (let spans = 0; spans < order.spans; ) {
    const mask = new Uint8Array(16).map(() => random.below(256));
    for (const template of templates) {
      if (spans >= order.spans) break;
      const bytes = order.isGzip
        ? gzipSync(patchedPayload(template, mask, shiftNanos), { level: 1 })
        : undefined;
      prepared.push({ template, mask, bytes });
      spans += template.spanCount;
      shiftNanos += 1_000_000n;
    }
  }
  return prepared;
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** As exporters wait, but shorter than `Retry-After`, so that the rate that can be kept up shows. */
const RETRY_DELAY_MILLIS = 100;
/** Ends a run against a server that takes nothing. */
const MAX_RETRIES = 100_000;

async function sendAll(order: LoadOrder, prepared: readonly Prepared[], sender: Sender) {
  const latencies = new Float64Array(prepared.length);
  const failures: string[] = [];
  let retries = 0;
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < prepared.length; index = next++) {
      const { template, mask, bytes } = prepared[index] as Prepared;
      const shift = BigInt(Date.now()) * 1_000_000n - template.lastTimeUnixNano;
      const body: Body = { bytes: bytes ?? patchedPayload(template, mask, shift), isGzip: order.isGzip };
      let start = performance.now();
      for (let isTaken = false; !isTaken; ) {
        start = performance.now();
        isTaken = await sender.send(body).then(
          () => true,
          (error: Error) => {
            if (error instanceof RetryableRefusal && retries < MAX_RETRIES) return false;
            failures.push(error.message);
            return true;
          },
        );
        if (!isTaken) {
          retries++;
          await sleep(RETRY_DELAY_MILLIS);
        }
      }
      latencies[index] = performance.now() - start;
    }
  };
  await Promise.all(Array.from({ length: order.concurrency }, worker));
  return { latencies: latencies.sort(), failures, retries };
}

function sampleIds(prepared: readonly Prepared[]): string[] {
  const wanted = 200;
  const step = Math.max(1, Math.floor(prepared.length / wanted));
  const ids: string[] = [];
  for (let index = 0; index < prepared.length && ids.length < wanted; index += step) {
    const { template, mask } = prepared[index] as Prepared;
    const offset = template.traceIdOffsets[0];
    if (offset === undefined) continue;
    const id = template.bytes.slice(offset, offset + 16).map((byte, at) => byte ^ (mask[at] as number));
    ids.push(Buffer.from(id).toString("hex"));
  }
  return ids;
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const prepared = prepare(order, loadTemplates(order));
  const sender =
    order.protocol === "http"
      ? createHttpSender(order.endpoint, order.concurrency)
      : createGrpcSender(order.endpoint, order.concurrency);
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  const { latencies, failures, retries } = await sendAll(order, prepared, sender);
  const wallMillis = performance.now() - start;
  const cpu = process.cpuUsage(cpuStart);
  sender.close();
  const spans = prepared.reduce((sum, { template }) => sum + template.spanCount, 0);
  const bytes = prepared.reduce((sum, { template }) => sum + template.bytes.length, 0);
  return {
    spans,
    requests: prepared.length,
    failedRequests: failures.length,
    retries,
    firstFailure: failures[0] ?? "",
    wallMillis,
    latencyMillis: {
      p50: percentile(latencies, 0.5),
      p95: percentile(latencies, 0.95),
      p99: percentile(latencies, 0.99),
      max: latencies.at(-1) ?? 0,
    },
    ownCpuSeconds: (cpu.user + cpu.system) / 1e6,
    bytesPerSpan: bytes / spans,
    sampleTraceIds: sampleIds(prepared),
  };
}

if (process.argv[1]?.includes("load-process")) {
  const order = JSON.parse(readFileSync(0, "utf8")) as LoadOrder;
  process.stdout.write(`${JSON.stringify(await run(order))}\n`);
}
