/** A data folder with a file of every kind, as a killed process leaves it, and what was sent into it. */

import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { acquireLock } from "../../src/io/lock-file.ts";
import type { Span } from "../../src/model/span.ts";
import type { Parts } from "../helpers/server-parts.ts";
import { startParts } from "../helpers/server-parts.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

/** The reader of the log that a server with a file export has. */
const EXPORTER = "file:otlp";
/** Each has one call from a service of the request's own to the service `cart`. */
export const TRACES_PER_REQUEST = 2;
/** The first requests are sealed, each by itself. */
const SEALED = 4;

/** One request; its spans carry its name in the attribute `request`, and in `labels`, a list, which fits no column. */
export interface SentRequest {
  readonly name: string;
  readonly position: number;
  /** True when a segment holds it too. */
  readonly isSealed: boolean;
  readonly spans: readonly Span[];
}

/** The folder, and the requests in it that retention has not removed. */
export interface DamageableFolder {
  readonly dataDirectory: string;
  readonly requests: readonly SentRequest[];
}

/** Traces of the request's own, and one span of a trace that lies in every request. */
function spansOf(request: string, firstMillis: number): Span[] {
  const labels = [request, "torture"];
  const own = Array.from({ length: TRACES_PER_REQUEST }, (_, index) => {
    const at = firstMillis + index * 10;
    const trace = `${request} ${index}`;
    return [
      buildSpan(trace, {
        id: "root",
        service: `shop-${request}`,
        name: "GET /cart",
        kind: "SERVER",
        at: [at, at + 5],
        attributes: { request, labels, "http.route": "/cart", number: BigInt(index) },
      }),
      buildSpan(trace, {
        id: "child",
        parent: "root",
        service: "cart",
        name: `load ${index}`,
        kind: "CLIENT",
        at: [at + 1, at + 4],
        status: index === 0 ? "ERROR" : "OK",
        attributes: { request, labels, "db.system.name": "redis" },
      }),
    ];
  }).flat();
  const shared = { id: request, service: "everywhere", at: [firstMillis, firstMillis + 1] as const };
  return [...own, buildSpan("everywhere", { ...shared, attributes: { request, labels } })];
}

/** The request at a position of the log. */
export function requestOf(position: number): SentRequest {
  const name = `r${position}`;
  return { name, position, isSealed: position < SEALED, spans: spansOf(name, position * 1_000) };
}

/** Sends the next request and remembers it. */
async function send(parts: Parts, sent: SentRequest[]): Promise<void> {
  const request = requestOf(sent.length);
  sent.push(request);
  await parts.pipeline.submit({ payload: encodeSpans(request.spans), transport: "otlp_grpc" });
}

/**
 * Three segments that share a trace, after one that retention removed (so there is a position file), then records that
 * no segment covers: some alone in their group, the last three together. An exporter has seen a part of them.
 *
 * @param root - An empty folder to make it in.
 */
export async function damageableFolder(root: string): Promise<DamageableFolder> {
  const dataDirectory = join(root, "lived");
  mkdirSync(dataDirectory);
  const sent: SentRequest[] = [];
  const options = { logFileBytes: 32 * 1024, readers: [EXPORTER] };
  const first = await startParts(dataDirectory, options);
  for (let count = 0; count < SEALED; count++) {
    await send(first, sent);
    await first.store.flush();
  }
  first.log.release(EXPORTER, 1);
  const { segment_bytes: bytes = 0 } = first.store.gauges();
  await first.stop();
  const second = await startParts(dataDirectory, { ...options, store: { retentionBytes: bytes - 1 } });
  for (let count = 0; count < 3; count++) await send(second, sent);
  await Promise.all(Array.from({ length: 3 }, () => send(second, sent)));
  const lock = await acquireLock({ directory: dataDirectory, version: "1.0.0" });
  const killed = join(root, "killed");
  cpSync(dataDirectory, killed, { recursive: true, filter: (path) => !path.endsWith(".sock") });
  await lock.release();
  await second.stop();
  return { dataDirectory: killed, requests: sent.slice(1) };
}
