/** What an exporter does when its destination stays away, refuses, or the log lets go. */

import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { spanIdOf as spanIdOfRow } from "../../src/batch/row-ids.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import type { Delivery, ExportBatch, Exporter } from "../../src/export/exporter.ts";
import { TAKEN } from "../../src/export/exporter.ts";
import type { LogFollower, LogFollowerOptions } from "../../src/export/log-follower.ts";
import { createLogFollower } from "../../src/export/log-follower.ts";
import { spanFilterOf } from "../../src/export/span-filter.ts";
import { createFileJournal } from "../../src/log/file-journal.ts";
import type { IngestLog } from "../../src/log/ingest-log.ts";
import { createMemoryLog } from "../../src/log/memory-log.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildSpan, spanIdOf } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";

const NAME = "push:peer";
const SECOND = 1_000;

/** A destination that answers by a script, then takes everything. */
class Scripted implements Exporter {
  readonly batches: ExportBatch[] = [];
  readonly script: Delivery[] = [];
  readonly taken: string[] = [];

  async deliver(batch: ExportBatch): Promise<Delivery> {
    const delivery = this.script.shift() ?? TAKEN;
    this.batches.push(batch);
    if (delivery.outcome === "taken") this.taken.push(...batch.rows().map(spanIdOfRow));
    return delivery;
  }

  async stop(): Promise<void> {}
}

const AWAY: Delivery = { outcome: "again", reason: "away" };

interface Rig {
  readonly log: IngestLog;
  readonly exporter: Scripted;
  readonly follower: LogFollower;
  readonly metrics: RecordingMetrics;
  readonly waits: number[];
  /** Resolves when nothing is left to deliver. */
  idle(): Promise<void>;
}

/** Time stands still but for the waits between tries; each poll comes at once. */
async function rig(options: Partial<LogFollowerOptions> = {}, given?: IngestLog): Promise<Rig> {
  const log = given ?? createMemoryLog({ readers: [NAME] });
  if (given === undefined) await log.start();
  const exporter = new Scripted();
  const metrics = new RecordingMetrics();
  const waits: number[] = [];
  let nowMillis = 1_000_000;
  const follower = createLogFollower({
    log,
    exporter,
    metrics,
    readerName: NAME,
    pollMillis: 1,
    clock: { nowMillis: () => nowMillis },
    random: () => 0.5,
    wait: async (millis) => {
      waits.push(millis);
      nowMillis += millis;
    },
    ...options,
  });
  await follower.start();
  const idle = async (): Promise<void> => {
    while (follower.facts().lag.records > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return { log, exporter, follower, metrics, waits, idle };
}

const spansOf = (...ids: string[]) => encodeSpans(ids.map((id) => buildSpan("trace", { id, at: [0, 1] })));

async function append(log: IngestLog, ...ids: string[]): Promise<void> {
  await log.append({ payload: spansOf(...ids), encoding: "identity", arrivalUnixMillis: 1_000_000 });
}

const idsOf = (count: number) => Array.from({ length: count }, (_, index) => `span ${index}`);

describe("an exporter whose destination is away", () => {
  it("tries the same batch again after longer and longer waits, or those it is asked for", async () => {
    const { log, exporter, follower, waits, metrics, idle } = await rig();
    exporter.script.push(AWAY, AWAY, { ...AWAY, retryAfterMillis: 9_000 }, AWAY);
    await append(log, "a");
    await idle();
    expect(waits).toEqual([1_000, 1_500, 9_000, 3_375]);
    expect(exporter.taken).toEqual([spanIdOf("a")]);
    const { retries, sentSpans, isFailing, lastError } = follower.facts();
    expect([retries, sentSpans, isFailing, lastError?.message]).toEqual([4, 1, false, "away"]);
    expect(metrics.sum("tracagg_export_failures_total")).toBe(4);
    await follower.stop();
  });

  it("passes over what is too old once its limit is reached, counts it, and goes on with the rest", async () => {
    const { log, exporter, follower, metrics, idle } = await rig({
      behindLimits: { maxBytes: Number.POSITIVE_INFINITY, maxAgeMillis: 5 * SECOND },
      batchLimits: { maxSpans: 1, maxBytes: 1_000_000 },
    });
    exporter.script.push(AWAY, AWAY, AWAY, AWAY);
    await append(log, "old");
    await idle();
    expect(exporter.taken).toEqual([]);
    expect(follower.facts().droppedSpans).toEqual({ refused: 0, behind: 1 });
    expect(metrics.sum("tracagg_export_dropped_spans_total", { reason: "behind" })).toBe(1);
    await log.append({ payload: spansOf("new"), encoding: "identity", arrivalUnixMillis: 1_009_000 });
    await idle();
    expect(exporter.taken).toEqual([spanIdOf("new")]);
    await follower.stop();
  });

  it("keeps the newest when more bytes wait than it may be behind", async () => {
    const ids = idsOf(20);
    const bytes = spansOf(ids[0] as string).length;
    const { log, exporter, follower, idle } = await rig({
      behindLimits: { maxBytes: 5 * (bytes + 4), maxAgeMillis: Number.POSITIVE_INFINITY },
      batchLimits: { maxSpans: 1, maxBytes: 1_000_000 },
    });
    for (const id of ids) await append(log, id);
    await idle();
    expect(exporter.taken).toEqual(ids.slice(-exporter.taken.length).map(spanIdOf));
    expect(exporter.taken.length).toBeLessThanOrEqual(6);
    expect(follower.facts().droppedSpans.behind + exporter.taken.length).toBe(20);
    await follower.stop();
  });

  it("does not keep a full log from taking spans: it loses the oldest, and says how many records", async () => {
    const log = createFileJournal({
      dataDirectory: temporaryFolder(),
      maxFileBytes: 4_096,
      maxRetainedBytes: 12_000,
      readers: ["store", NAME],
    });
    await log.start();
    const { follower, exporter, idle } = await rig({ pollMillis: 3_600_000 }, log);
    const ids = idsOf(200);
    for (const id of ids) {
      await append(log, id);
      log.release("store", log.nextPosition() - 1);
    }
    await follower.stop();
    await idle();
    const { lostRecords } = follower.facts();
    expect(lostRecords.released).toBeGreaterThan(0);
    expect(exporter.taken).toEqual(ids.slice(lostRecords.released).map(spanIdOf));
    await log.stop();
  });
});

describe("an exporter whose destination answers", () => {
  it("drops what is refused for good and goes on", async () => {
    const { log, exporter, follower, metrics, idle } = await rig();
    exporter.script.push({ outcome: "refused", reason: "HTTP 400" });
    await append(log, "bad", "worse");
    await idle();
    await append(log, "good");
    await idle();
    expect(exporter.taken).toEqual([spanIdOf("good")]);
    expect(follower.facts()).toMatchObject({ droppedSpans: { refused: 2, behind: 0 }, retries: 0 });
    expect(metrics.sum("tracagg_export_dropped_spans_total", { reason: "refused" })).toBe(2);
    await follower.stop();
  });

  it("counts a partial success and does not send it again", async () => {
    const { log, exporter, follower, idle } = await rig();
    exporter.script.push({ outcome: "taken", refusedSpans: 1, reason: "too old" });
    await append(log, "a", "b");
    await idle();
    expect(exporter.batches).toHaveLength(1);
    expect(follower.facts()).toMatchObject({
      sentSpans: 1,
      refusedSpans: 1,
      lastError: { message: "too old" },
    });
    await follower.stop();
  });
});

describe("the batches of an exporter", () => {
  it("hold many small records, and parts of a large one", async () => {
    const { log, exporter, follower } = await rig({
      pollMillis: 3_600_000,
      batchLimits: { maxSpans: 4, maxBytes: 1_000_000 },
    });
    const ids = idsOf(15);
    for (const id of ids.slice(0, 5)) await append(log, id);
    await append(log, ...ids.slice(5));
    await follower.stop();
    expect(exporter.batches.map(({ spanCount }) => spanCount)).toEqual([4, 1, 4, 4, 2]);
    expect(exporter.taken).toEqual(ids.map(spanIdOf));
  });

  it("keep the limit of bytes", async () => {
    const one = spansOf("span 0").length;
    const { log, exporter, follower } = await rig({
      pollMillis: 3_600_000,
      batchLimits: { maxSpans: 1_000, maxBytes: 3 * one + 2 },
    });
    for (const id of idsOf(9)) await append(log, id);
    await follower.stop();
    expect(exporter.batches.map(({ spanCount }) => spanCount)).toEqual([3, 3, 3]);
  });

  it("send a large gzip record alone and as it came", async () => {
    const { log, exporter, follower } = await rig({ pollMillis: 3_600_000 });
    const payload = new Uint8Array(gzipSync(spansOf(...idsOf(300))));
    await append(log, "before");
    await log.append({ payload, encoding: "gzip", arrivalUnixMillis: 1 });
    await append(log, "after");
    await follower.stop();
    expect(exporter.batches.map(({ spanCount }) => spanCount)).toEqual([1, 300, 1]);
    expect(exporter.batches[1]?.gzipPayload).toEqual(payload);
  });

  it("hold only what the filter lets through, and whole records as they came when it lets all through", async () => {
    const { log, exporter, follower } = await rig({
      pollMillis: 3_600_000,
      filter: spanFilterOf('{ name =~ "keep.*" }'),
    });
    await append(log, "keep 1", "drop 1", "keep 2");
    await append(log, "drop 2");
    await append(log, "keep 3", "keep 4");
    await follower.stop();
    expect(exporter.taken).toEqual(["keep 1", "keep 2", "keep 3", "keep 4"].map(spanIdOf));
    expect(follower.facts()).toMatchObject({ sentSpans: 4, filteredSpans: 2, lag: { records: 0 } });
  });
});
