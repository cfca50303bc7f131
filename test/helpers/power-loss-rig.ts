/** A server on a disk that forgets, what its senders were told, and what must be found on what a power loss leaves. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { expect, onTestFinished } from "vitest";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { plainRequest } from "./otlp-client.ts";
import type { Survives } from "./recording-file-layer.ts";
import { RecordingFileLayer } from "./recording-file-layer.ts";
import type { Parts } from "./server-parts.ts";
import { startParts } from "./server-parts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Spans of each request, which is a trace of its own. */
export const SPANS = 3;

/** A server on a disk that forgets, and what its senders know. */
export class Rig {
  readonly folder: string = temporaryFolder();
  readonly disk: RecordingFileLayer = new RecordingFileLayer(this.folder);
  readonly dataDirectory: string = join(this.folder, "data");
  readonly acknowledged: string[] = [];
  readonly images: Images = new Images();
  sent = 0;

  async start(): Promise<Parts> {
    const parts = await startParts(this.dataDirectory, { files: this.disk });
    onTestFinished(() => parts.stop());
    return parts;
  }

  async send(parts: Parts): Promise<void> {
    const traceId = traceIdOf(this.sent++);
    await parts.pipeline.submit({ payload: plainRequest(traceId, SPANS), transport: "otlp_grpc" });
    this.acknowledged.push(traceId);
  }

  async sendMany(parts: Parts, count: number): Promise<void> {
    for (let index = 0; index < count; index++) await this.send(parts);
  }

  /** Keeps the disk as a power loss now would leave it, with what the senders have been told by now. */
  crash(survives?: Survives): void {
    const folder = temporaryFolder();
    this.disk.crashTo(folder, survives);
    this.images.add(join(folder, "data"), [...this.acknowledged]);
  }
}

/** A disk after a power loss, and what was promised until then. */
export interface Image {
  readonly dataDirectory: string;
  readonly acknowledged: readonly string[];
}

/** What power losses left; of equal disks the one with the most promised. */
export class Images {
  readonly #byContent = new Map<string, Image>();

  add(dataDirectory: string, acknowledged: readonly string[]): void {
    this.#byContent.set(contentOf(dataDirectory), { dataDirectory, acknowledged });
  }

  get size(): number {
    return this.#byContent.size;
  }

  all(): readonly Image[] {
    return [...this.#byContent.values()];
  }
}

function contentOf(folder: string): string {
  const hash = createHash("sha256");
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }).sort() : [];
  for (const name of names) {
    const path = join(folder, name);
    const bytes = statSync(path).isDirectory() ? "folder" : readFileSync(path);
    hash.update(`${name} ${bytes.length} `).update(bytes);
  }
  return hash.digest("hex");
}

/** Trace id of the request with that number. */
export function traceIdOf(index: number): string {
  return (index + 1).toString(16).padStart(32, "0");
}

/** Spans of each trace as lists, statistics and the trace itself tell them. */
export async function foundIn(store: TraceStore): Promise<Map<string, number>> {
  const { summaries } = await store.search({}, { limit: 10_000 });
  const found = new Map(summaries.map(({ traceId, spanCount }) => [traceId, spanCount]));
  const statistics = await store.serviceStatistics({});
  const listed = summaries.reduce((sum, { spanCount }) => sum + spanCount, 0);
  expect(statistics.reduce((sum, { spanCount }) => sum + spanCount, 0)).toBe(listed);
  for (const traceId of [summaries.at(0)?.traceId, summaries.at(-1)?.traceId]) {
    if (traceId !== undefined) expect(await store.trace(traceId)).toHaveLength(SPANS);
  }
  return found;
}

/** Starts a new server on what is left; every acknowledged trace must be there, and each trace whole and once. */
export async function expectKept(image: Image): Promise<void> {
  const parts = await startParts(image.dataDirectory, { store: { startSealWorker: noSealWorker } });
  try {
    const found = await foundIn(parts.store);
    expect(image.acknowledged.filter((traceId) => found.get(traceId) !== SPANS)).toEqual([]);
    expect([...found.values()].filter((spanCount) => spanCount !== SPANS)).toEqual([]);
    expect(parts.log.nextPosition()).toBeGreaterThanOrEqual(image.acknowledged.length);
  } finally {
    await parts.stop();
  }
}

/** Seals of what is recovered are another test's matter, and take most of the time. */
function noSealWorker(): Worker {
  throw new Error("this server does not seal");
}
