import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { spanIdOf as spanIdOfRow } from "../../src/batch/row-ids.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import type { Delivery, ExportBatch, Exporter } from "../../src/export/exporter.ts";
import { TAKEN } from "../../src/export/exporter.ts";
import { createLogFollower } from "../../src/export/log-follower.ts";
import { createFileJournal } from "../../src/log/file-journal.ts";
import type { IngestLog } from "../../src/log/ingest-log.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildSpan, spanIdOf } from "../helpers/trace-builder.ts";

const payloadOf = (id: string) => encodeSpans([buildSpan("trace", { id, at: [0, 1] })]);

async function openLog(dataDirectory: string): Promise<IngestLog> {
  const log = createFileJournal({ dataDirectory });
  await log.start();
  return log;
}

const append = (log: IngestLog, id: string) =>
  log.append({ payload: payloadOf(id), encoding: "identity", arrivalUnixMillis: 1 });

class Destination implements Exporter {
  readonly taken: string[] = [];
  failuresLeft = 0;

  async deliver(batch: ExportBatch): Promise<Delivery> {
    if (this.failuresLeft > 0) {
      this.failuresLeft--;
      throw new Error("destination is away");
    }
    this.taken.push(...batch.rows().map(spanIdOfRow));
    return TAKEN;
  }

  async stop(): Promise<void> {}
}

async function follow(log: IngestLog, exporter: Exporter) {
  const follower = createLogFollower({ log, exporter, readerName: "file:test", pollMillis: 3_600_000 });
  await follower.start();
  return follower;
}

describe("a log follower", () => {
  it("delivers what came after its first start, gzip records included, in order", async () => {
    const log = await openLog(temporaryFolder());
    await append(log, "before");
    const destination = new Destination();
    const follower = await follow(log, destination);
    await append(log, "a");
    const payload = new Uint8Array(gzipSync(payloadOf("b")));
    await log.append({ payload, encoding: "gzip", arrivalUnixMillis: 1 });
    await follower.stop();
    expect(destination.taken).toEqual([spanIdOf("a"), spanIdOf("b")]);
    await log.stop();
  });

  it("goes on after a restart where it stopped, without loss or repetition", async () => {
    const folder = temporaryFolder();
    const destination = new Destination();
    for (const id of ["a", "b", "c"]) {
      const log = await openLog(folder);
      const follower = await follow(log, destination);
      await append(log, id);
      await follower.stop();
      await log.stop();
    }
    expect(destination.taken).toEqual([spanIdOf("a"), spanIdOf("b"), spanIdOf("c")]);
  });

  it("keeps what a destination refused and delivers it at the next start", async () => {
    const folder = temporaryFolder();
    const destination = new Destination();
    destination.failuresLeft = 1;
    const log = await openLog(folder);
    const refused = await follow(log, destination);
    await append(log, "a");
    await refused.stop();
    expect(destination.taken).toEqual([]);
    const retried = await follow(log, destination);
    await retried.stop();
    expect(destination.taken).toEqual([spanIdOf("a")]);
    await log.stop();
  });

  it("holds what it has not delivered from its start on, when the store lets go of it first", async () => {
    const folder = temporaryFolder();
    const destination = new Destination();
    const open = async () => {
      const log = createFileJournal({ dataDirectory: folder, maxFileBytes: 4_096 });
      await log.start();
      return log;
    };
    const ids = Array.from({ length: 40 }, (_, index) => `span ${index}`);
    const first = await open();
    const before = await follow(first, destination);
    await append(first, "delivered");
    await before.stop();
    for (const id of ids) await append(first, id);
    await first.stop();
    const second = await open();
    const after = await follow(second, destination);
    second.release("store", second.nextPosition() - 1);
    await after.stop();
    expect(destination.taken).toEqual(["delivered", ...ids].map(spanIdOf));
    await second.stop();
  });

  it("passes over a record that cannot be decoded", async () => {
    const log = await openLog(temporaryFolder());
    const destination = new Destination();
    const follower = await follow(log, destination);
    await log.append({ payload: new Uint8Array([7, 7, 7]), encoding: "identity", arrivalUnixMillis: 1 });
    await append(log, "good");
    await follower.stop();
    expect(destination.taken).toEqual([spanIdOf("good")]);
    await log.stop();
  });
});
