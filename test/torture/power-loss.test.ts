/**
 * Power losses one after the other, each at a random step of a server's life, on a disk that keeps what was synced and
 * any part of the rest; and the log cut at every byte of its last records.
 */

import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Random } from "../../bench/random.ts";
import { createRandom } from "../../bench/random.ts";
import type { FileLayer } from "../../src/io/file-layer.ts";
import { createFileJournal } from "../../src/log/file-journal.ts";
import type { IngestLog, LogRecord } from "../../src/log/ingest-log.ts";
import { decodeFileHeader, FILE_HEADER_BYTES, RECORD_HEADER_BYTES } from "../../src/log/record-format.ts";
import { entriesFrom } from "../contract/ingest-log-suite.ts";
import { plainRequest } from "../helpers/otlp-client.ts";
import type { Image } from "../helpers/power-loss-rig.ts";
import { expectKept, SPANS, traceIdOf } from "../helpers/power-loss-rig.ts";
import type { Survives } from "../helpers/recording-file-layer.ts";
import { RecordingFileLayer } from "../helpers/recording-file-layer.ts";
import type { Parts } from "../helpers/server-parts.ts";
import { startParts } from "../helpers/server-parts.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { roundsOf, SEED, sizeOf, timeLimitMillis } from "./scale.ts";

const GENERATIONS = roundsOf({ short: 4, long: 200 });
/** Power losses looked at in each life of a server; it goes on from one of them. */
const IMAGES_PER_LIFE = 4;
/** Of the steps on the disk one in so many is followed by such a look. */
const STEPS_PER_IMAGE = 25;
const LONGEST_LIFE = 8;

/** What of the changes that no sync covers is on the disk all the same. */
function survivors(random: Random, disk: RecordingFileLayer): Survives {
  const pending = disk.pendingOrders();
  const last = pending[random.below(Math.max(1, pending.length))] ?? 0;
  const torn = random.below(1_500);
  return random.pick<Survives>([
    () => false,
    () => true,
    (_order, kind) => kind === "name",
    (_order, kind) => kind === "content",
    () => random.below(2) === 0,
    (order) => (order === last ? torn : order < last),
  ]);
}

/** One server from its start to its end, and the disks that power losses on the way would have left. */
class Life {
  readonly images: Image[] = [];
  readonly #random: Random;
  readonly #dataDirectory: string;
  readonly #disk: RecordingFileLayer;
  readonly #acknowledged: string[];
  #sent: number;

  constructor(random: Random, { dataDirectory, acknowledged }: Image, sent: number) {
    this.#random = random;
    this.#dataDirectory = dataDirectory;
    this.#acknowledged = [...acknowledged];
    this.#disk = new RecordingFileLayer(dataDirectory);
    this.#sent = sent;
  }

  get sent(): number {
    return this.#sent;
  }

  async live(): Promise<void> {
    this.#disk.hook = ({ kind }) => {
      const isLooked = kind !== "open" && this.#random.below(STEPS_PER_IMAGE) === 0;
      if (isLooked && this.images.length < IMAGES_PER_LIFE - 1) this.#look();
      return undefined;
    };
    let parts = await this.#start();
    for (let step = this.#random.below(LONGEST_LIFE); step >= 0; step--) {
      const choice = this.#random.below(10);
      if (choice < 6) await this.#sendGroup(parts);
      else if (choice < 9) await parts.store.flush();
      else {
        await parts.stop();
        parts = await this.#start();
      }
      parts.tick();
    }
    this.#look();
    this.#disk.hook = () => undefined;
    await parts.stop();
  }

  #start(): Promise<Parts> {
    return startParts(this.#dataDirectory, { files: this.#disk });
  }

  async #sendGroup(parts: Parts): Promise<void> {
    const send = async (): Promise<void> => {
      const traceId = traceIdOf(this.#sent++);
      await parts.pipeline.submit({ payload: plainRequest(traceId, SPANS), transport: "otlp_grpc" });
      this.#acknowledged.push(traceId);
    };
    await Promise.all(Array.from({ length: 1 + this.#random.below(6) }, send));
  }

  #look(): void {
    const dataDirectory = temporaryFolder();
    this.#disk.crashTo(dataDirectory, survivors(this.#random, this.#disk));
    this.images.push({ dataDirectory, acknowledged: [...this.#acknowledged] });
  }
}

test("power losses one after the other, at any step and with any part of what was not synced, lose nothing", {
  timeout: timeLimitMillis(30),
}, async ({ annotate }) => {
  await annotate(`seed ${SEED}, ${GENERATIONS} power losses in a row`);
  const random = createRandom(SEED);
  let image: Image = { dataDirectory: temporaryFolder(), acknowledged: [] };
  let sent = 0;
  for (let generation = 0; generation < GENERATIONS; generation++) {
    const life = new Life(random, image, sent);
    await life.live();
    sent = life.sent;
    image = random.pick(life.images);
    // The next life goes on from this one: its check comes with it.
    for (const other of life.images) if (other !== image) await expectKept(other);
  }
  await expectKept(image);
  await annotate(`${image.acknowledged.length} requests acknowledged in the lives that counted`);
});

const EARLIER_RECORDS = 4;
/** All records of one process fit a file. */
const LOG_FILE_BYTES = 32 * 1024;
const LAST_RECORDS = sizeOf({ short: 2, long: 16 });

function recordAt(index: number): LogRecord {
  const request = plainRequest(traceIdOf(index), 1 + (index % 3));
  const isGzip = index % 2 === 1;
  return {
    payload: Uint8Array.from(isGzip ? gzipSync(request) : request),
    encoding: isGzip ? "gzip" : "identity",
    arrivalUnixMillis: 1_700_000_000_000 + index,
  };
}

async function openLog(dataDirectory: string, files?: FileLayer): Promise<IngestLog> {
  const log = createFileJournal({
    dataDirectory,
    maxFileBytes: LOG_FILE_BYTES,
    ...(files === undefined ? {} : { files }),
  });
  await log.start();
  return log;
}

/** Records from `first` on, now alone and now three together in a group. */
async function appendRecords(log: IngestLog, first: number, count: number): Promise<void> {
  for (let index = first; index < first + count; ) {
    const groupEnd = Math.min(first + count, index + (index % 2 === 0 ? 1 : 3));
    const group: Promise<number>[] = [];
    for (; index < groupEnd; index++) group.push(log.append(recordAt(index)));
    await Promise.all(group);
  }
}

/** A log as a killed process leaves it: the earlier records in one file, the last ones in the next. */
async function killedLog(): Promise<string> {
  const folder = temporaryFolder();
  const before = await openLog(folder);
  await appendRecords(before, 0, EARLIER_RECORDS);
  await before.stop();
  const disk = new RecordingFileLayer(folder);
  const log = await openLog(folder, disk);
  await appendRecords(log, EARLIER_RECORDS, LAST_RECORDS);
  const copy = temporaryFolder();
  disk.crashTo(copy, () => true);
  await log.stop();
  return copy;
}

/** The file that begins with the first of the last records. */
function lastFileOf(folder: string): string {
  const path = readdirSync(join(folder, "log"))
    .map((name) => join("log", name))
    .find((name) => decodeFileHeader(readFileSync(join(folder, name)))?.firstPosition === EARLIER_RECORDS);
  if (path === undefined) throw new Error("no file begins with the last records");
  return path;
}

/** What stands in the file from a byte on: nothing, or what a file that was made ahead of need has there. */
type Ending = (bytes: Buffer, length: number) => Buffer;
const ENDINGS: readonly Ending[] = [
  (bytes, length) => bytes.subarray(0, length),
  (bytes, length) => Buffer.concat([bytes.subarray(0, length), Buffer.alloc(8 * 1024)]),
];

async function expectRecords(dataDirectory: string, count: number): Promise<void> {
  const expected = Array.from({ length: count }, (_, index) => ({ ...recordAt(index), position: index }));
  const log = await openLog(dataDirectory);
  expect(await entriesFrom(log, 0)).toEqual(expected);
  expect(await log.append(recordAt(count))).toBe(count);
  await log.stop();
  const again = await openLog(dataDirectory);
  expect(await entriesFrom(again, 0)).toEqual([...expected, { ...recordAt(count), position: count }]);
  await again.stop();
}

test("a log cut at any byte of its last records gives every earlier one, invents none, and goes on after it", {
  timeout: timeLimitMillis(30),
}, async ({ annotate }) => {
  const original = await killedLog();
  const file = lastFileOf(original);
  const bytes = readFileSync(join(original, file));
  const ends: number[] = [];
  let end = FILE_HEADER_BYTES;
  const waiting: (() => Promise<void>)[] = [];
  for (let index = 0; index < LAST_RECORDS; index++) {
    end += RECORD_HEADER_BYTES + recordAt(EARLIER_RECORDS + index).payload.length;
    ends.push(end);
  }
  const checkCut = async (length: number, ending: Ending): Promise<void> => {
    const folder = temporaryFolder();
    cpSync(original, folder, { recursive: true });
    const left = ending(bytes, length);
    writeFileSync(join(folder, file), left);
    // Not simply those that end before the cut: a record may end in zeros of its own.
    const whole = ends.filter((recordEnd) =>
      left.subarray(0, recordEnd).equals(bytes.subarray(0, recordEnd)),
    );
    await expectRecords(folder, EARLIER_RECORDS + whole.length);
    rmSync(folder, { recursive: true });
  };
  for (let length = 0; length <= end; length++) {
    const endings = sizeOf({ short: [ENDINGS[length % ENDINGS.length]!], long: ENDINGS });
    waiting.push(...endings.map((ending) => () => checkCut(length, ending)));
  }
  // Each waits for syncs most of the time.
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await next();
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  await annotate(`cut at each of ${end} bytes`);
});
