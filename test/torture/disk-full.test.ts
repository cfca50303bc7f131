/**
 * The disk fills up and comes back, again and again: requests are refused retryably, reads go on, nothing acknowledged
 * is lost, and writing goes on by itself once there is room; the same for a server that starts on a full disk.
 */

import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import { plainRequest } from "../helpers/otlp-client.ts";
import { foundIn, SPANS } from "../helpers/power-loss-rig.ts";
import { diskError, RecordingFileLayer } from "../helpers/recording-file-layer.ts";
import { startParts } from "../helpers/server-parts.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson } from "../helpers/server-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { roundsOf, timeLimitMillis } from "./scale.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { countedSpans, listedTraces, startServer } from "./torture-server.ts";

const ROUNDS = roundsOf({ short: 2, long: 20 });
/** Every round leaves its spans on it. */
const DISK_BYTES = (32 + ROUNDS * 8) * 2 ** 20;
const SPANS_PER_REQUEST = 4;
/** So that log files end and seals are due within a round. */
const ARGUMENTS = ["--store-lake-seal-bytes", "1MiB", "--log-max-file-bytes", "1MiB"];
/** Longer than the store and the log wait before they try again. */
const PATIENCE_MILLIS = 90_000;

/** What a request was answered with. */
interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
}

class Sender {
  readonly acknowledged: Map<string, number> = new Map();
  server: ServerProcess;

  constructor(server: ServerProcess) {
    this.server = server;
  }

  async send(): Promise<Answer> {
    const traceId = randomBytes(16).toString("hex");
    const response = await fetch(new URL("/v1/traces", this.server.otlpHttp), {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: requestOf(traceId),
    });
    await response.arrayBuffer();
    if (response.status === 200) this.acknowledged.set(traceId, SPANS_PER_REQUEST);
    return { status: response.status, retryAfter: response.headers.get("retry-after") };
  }

  /** Sends until the answer has the status; the answers on the way, that one included. */
  async sendUntil(status: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    const deadline = Date.now() + PATIENCE_MILLIS;
    while (answers.at(-1)?.status !== status) {
      if (Date.now() > deadline) throw new Error(`no answer with status ${status} in ${PATIENCE_MILLIS} ms`);
      answers.push(await this.send());
      if (answers.at(-1)?.status === 503) await sleep(20);
    }
    return answers;
  }

  /** Requests that were refused may be there or not, but whole and once; those acknowledged are there. */
  async expectKept(): Promise<void> {
    const listed = await listedTraces(this.server);
    expect([...this.acknowledged.keys()].filter((traceId) => !listed.has(traceId))).toEqual([]);
    expect([...listed.values()].filter((spans) => spans !== SPANS_PER_REQUEST)).toEqual([]);
    expect(await countedSpans(this.server)).toBe(listed.size * SPANS_PER_REQUEST);
    const some = [...this.acknowledged.keys()].filter((_, index) => index % 50 === 0);
    for (const traceId of some) await getJson(this.server.ui, `/api/v1/traces/${traceId}`);
  }
}

function requestOf(traceId: string): Uint8Array<ArrayBuffer> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, index) =>
    makeSpan({
      traceId,
      spanId: (index + 1).toString(16).padStart(16, "0"),
      name: `step ${index}`,
      startTimeUnixNano: now,
      endTimeUnixNano: now + 1_000_000n,
      // Random, so that it takes as much room on the disk.
      attributes: { filler: randomBytes(2_000).toString("base64") },
    }),
  );
  return new Uint8Array(encodeSpans(spans));
}

test("a full file system refuses retryably and loses nothing, and writing goes on by itself when room returns", {
  timeout: timeLimitMillis(30),
}, async ({ annotate, skip }) => {
  const disk = mountSmallDisk(DISK_BYTES);
  if (typeof disk === "string") return skip(disk);
  mkdirSync(disk.folder);
  const sender = new Sender(await startServer(disk.folder, ARGUMENTS));
  for (let round = 0; round < ROUNDS; round++) {
    await sender.sendUntil(200);
    disk.fill(round % 2 === 0 ? 0 : 3 * 2 ** 20);
    const answers = await sender.sendUntil(503);
    expect(answers.at(-1)?.retryAfter).toMatch(/^[1-9]\d*$/);
    await sender.expectKept();
    if (round % 2 === 1) {
      await sender.server.kill();
      sender.server = await startServer(disk.folder, ARGUMENTS);
      await sender.expectKept();
      await sender.sendUntil(503);
    }
    disk.free();
    await sender.sendUntil(200);
    await sender.expectKept();
  }
  for (let restart = 0; restart < 2; restart++) {
    expect(await sender.server.stop()).toBe(0);
    sender.server = await startServer(disk.folder, ARGUMENTS);
    await sender.expectKept();
  }
  await annotate(`${sender.acknowledged.size} requests acknowledged in ${ROUNDS} rounds`);
  return undefined;
});

/** A disk that can be told to be full: no byte and no sync goes through then. */
class FullableDisk {
  isFull = false;
  readonly layer: RecordingFileLayer;

  constructor(folder: string) {
    this.layer = new RecordingFileLayer(folder);
    this.layer.hook = ({ kind, bytes }) => {
      const takesRoom = (kind === "write" && bytes > 0) || kind === "datasync";
      if (this.isFull && takesRoom) throw diskError("ENOSPC");
      return undefined;
    };
  }
}

test("a disk that says it is full at the one place that writes costs nothing acknowledged, seals included", {
  timeout: timeLimitMillis(10),
}, async () => {
  const folder = temporaryFolder();
  const disk = new FullableDisk(folder);
  let nowMillis = 1_700_000_000_000;
  const clock = { nowMillis: () => nowMillis };
  const acknowledged: string[] = [];
  let parts = await startParts(folder, { files: disk.layer, clock });
  const send = async (): Promise<void> => {
    const traceId = randomBytes(16).toString("hex");
    await parts.pipeline.submit({ payload: plainRequest(traceId, SPANS), transport: "otlp_grpc" });
    acknowledged.push(traceId);
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (let count = 0; count < 5; count++) await send();
    disk.isFull = true;
    await expect(send()).rejects.toMatchObject({ code: "unavailable", retryAfterMillis: expect.any(Number) });
    await expect(parts.store.flush()).rejects.toMatchObject({ code: "unavailable" });
    expect([...(await foundIn(parts.store)).keys()].sort()).toEqual([...acknowledged].sort());
    disk.isFull = false;
    nowMillis += 60_000;
    await send();
    if (round % 2 === 0) await parts.store.flush();
    await parts.stop();
    parts = await startParts(folder, { files: disk.layer, clock });
    expect([...(await foundIn(parts.store)).keys()].sort()).toEqual([...acknowledged].sort());
  }
  await parts.stop();
});
