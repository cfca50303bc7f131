/**
 * One wrong byte in each kind of file: it is named in the log, the unit it lies in is set aside or made again, all else
 * is served, and starting again changes nothing. A kind of file without a rule here fails the test.
 */

import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Random } from "../../bench/random.ts";
import { createRandom } from "../../bench/random.ts";
import type { LogFields, Logger } from "../../src/base/logger.ts";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { FILE_HEADER_BYTES, RECORD_HEADER_BYTES, readRecordHeader } from "../../src/log/record-format.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { startParts } from "../helpers/server-parts.ts";
import { getJson, temporaryFolder as temporaryRoot } from "../helpers/server-process.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import type { DamageableFolder, SentRequest } from "./damageable-folder.ts";
import { damageableFolder, requestOf, TRACES_PER_REQUEST } from "./damageable-folder.ts";
import { roundsOf, SEED, timeLimitMillis } from "./scale.ts";
import { listedTraces, startServer } from "./torture-server.ts";

/** Bytes damaged in each kind of file. */
const PLACES = roundsOf({ short: 1, long: 25 });
/** One bit, as memory and disks flip them, and all of a byte. */
const FLIPS = [0x01, 0x04, 0x80, 0xff];

/** What a wrong byte in a kind of file may cost. */
interface Kind {
  readonly name: string;
  readonly pattern: RegExp;
  readonly costs: "nothing" | "its segment" | "its records";
  /** What the log line that tells of it names; undefined where there is nothing to tell. */
  readonly named: "file" | "segment" | undefined;
}

/** Made again from the Parquet files. */
const HELPERS: readonly string[] = [
  "trace-filter.bin",
  "attribute-filter.bin",
  "splits.bin",
  "operations.json",
];

const KINDS: readonly Kind[] = [
  { name: "lock in words", pattern: /^LOCK$/, costs: "nothing", named: undefined },
  { name: "log file", pattern: /^log\/\d+\.log$/, costs: "its records", named: "file" },
  { name: "reader positions", pattern: /^log\/readers\.json$/, costs: "nothing", named: "file" },
  { name: "position", pattern: /^segments\/position\.json$/, costs: "nothing", named: "file" },
  { name: "meta", pattern: /^segments\/[^/]+\/meta\.json$/, costs: "its segment", named: "segment" },
  ...["spans", "traces", "resources", "scopes", "links", "attributes"].map((table) => ({
    name: `${table} table`,
    pattern: new RegExp(`^segments/[^/]+/${table}\\.parquet$`),
    costs: "its segment" as const,
    named: "segment" as const,
  })),
  ...HELPERS.map((file) => ({
    name: file,
    pattern: new RegExp(`^segments/[^/]+/${file.replace(".", "\\.")}$`),
    costs: "nothing" as const,
    named: "file" as const,
  })),
  // Read when attributes are asked for, and told of then.
  {
    name: "attribute-summary.bin",
    pattern: /^segments\/[^/]+\/attribute-summary\.bin$/,
    costs: "nothing",
    named: undefined,
  },
  // Helpers of later formats: made again or not, they must not make an answer wrong.
  {
    name: "other file of a segment",
    pattern: /^segments\/[^/]+\/[^/]+$/,
    costs: "its segment",
    named: "segment",
  },
];

const root = temporaryRoot();
let folder: DamageableFolder;
let files: readonly string[];

beforeAll(async () => {
  folder = await damageableFolder(root.path);
  files = readdirSync(folder.dataDirectory, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder.dataDirectory, name)).isFile(),
  );
});

afterAll(() => root.remove());

function kindOf(file: string): Kind | undefined {
  return KINDS.find(({ pattern }) => pattern.test(file));
}

/** A record of a log file and where it lies. */
interface LoggedRecord {
  readonly position: number;
  readonly offset: number;
  readonly endOffset: number;
  readonly durableBefore: number;
}

function recordsIn(file: string): LoggedRecord[] {
  const bytes = readFileSync(join(folder.dataDirectory, file));
  const records: LoggedRecord[] = [];
  let offset = FILE_HEADER_BYTES;
  for (;;) {
    const header = readRecordHeader(bytes, offset, Number.parseInt(basename(file), 10), offset);
    if (header === undefined) return records;
    const endOffset = offset + RECORD_HEADER_BYTES + header.payloadBytes;
    records.push({ position: header.position, offset, endOffset, durableBefore: header.durableBefore });
    offset = endOffset;
  }
}

/** Offsets worth damaging: of a log file its header, each record's header and payload, and the room after them. */
function offsetsIn(file: string, random: Random): number[] {
  const size = statSync(join(folder.dataDirectory, file)).size;
  const records = file.endsWith(".log") ? recordsIn(file) : [];
  const ranges =
    records.length === 0
      ? [[0, size] as const]
      : [
          [0, FILE_HEADER_BYTES] as const,
          ...records.flatMap(({ offset, endOffset }) => [
            [offset, offset + RECORD_HEADER_BYTES] as const,
            [offset + RECORD_HEADER_BYTES, endOffset] as const,
          ]),
          [records.at(-1)!.endOffset, size] as const,
        ];
  const usable = ranges.filter(([from, to]) => to > from);
  return Array.from({ length: PLACES }, (_, index) => {
    const [from, to] = usable[(index + random.below(usable.length)) % usable.length]!;
    return from + random.below(to - from);
  });
}

/** Requests that the damage may have cost. */
function losable(file: string, offset: number, kind: Kind): readonly SentRequest[] {
  if (kind.costs === "its segment") {
    const meta = JSON.parse(readFileSync(join(folder.dataDirectory, file, "../meta.json"), "utf8")) as {
      firstPosition: number;
      lastPosition: number;
    };
    return folder.requests.filter(
      ({ position }) => position >= meta.firstPosition && position <= meta.lastPosition,
    );
  }
  if (kind.costs === "nothing") return [];
  const hit = recordsIn(file).find((record) => offset >= record.offset && offset < record.endOffset);
  if (hit === undefined) return [];
  // Nothing written after the last group proves that it had been durable: from the wrong byte on it counts as torn.
  const lastGroup = folder.requests.at(-1)!.position - 2;
  const through = hit.durableBefore >= lastGroup ? Number.POSITIVE_INFINITY : hit.position;
  return folder.requests.filter(
    ({ position, isSealed }) => !isSealed && position >= hit.position && position <= through,
  );
}

interface Line {
  readonly message: string;
  readonly fields: LogFields;
}

function recordingLogger(lines: Line[]): Logger {
  const note = (message: string, fields: LogFields = {}): void => {
    lines.push({ message, fields });
  };
  return { info: () => {}, warn: note, error: note };
}

function noSealWorker(): Worker {
  throw new Error("this server does not seal");
}

/** Ids of the traces with a span that has the attribute. */
async function tracesWith(store: TraceStore, key: string, value: string): Promise<string[]> {
  const { summaries } = await store.search({ attributes: [{ key, value }] }, { limit: 1_000 });
  return summaries.map(({ traceId }) => traceId).sort();
}

/** Asks for everything, so that every file is read: damage is found where it is first met. */
async function touch(store: TraceStore): Promise<void> {
  const { summaries } = await store.search({}, { limit: 1_000 });
  for (const { traceId } of summaries) await store.trace(traceId);
  for (const { name } of folder.requests) await tracesWith(store, "labels", name);
  await store.dependencies({});
  await store.serviceStatistics({});
}

/** Names of the requests that are there, after checking that every answer agrees on it. */
async function presentIn(store: TraceStore, requests: readonly SentRequest[]): Promise<string[]> {
  const sent = new Map(requests.flatMap(({ spans }) => spans).map((span) => [keyOf(span), span]));
  const { summaries } = await store.search({}, { limit: 1_000 });
  const found = new Set<string>();
  for (const { traceId, spanCount } of summaries) {
    const spans = (await store.trace(traceId)).map(spanFromRow);
    expect(spans).toHaveLength(spanCount);
    for (const span of spans) {
      expect(span).toEqual(sent.get(keyOf(span)));
      found.add(keyOf(span));
    }
  }
  const present = requests.filter(({ spans }) => spans.some((span) => found.has(keyOf(span))));
  expect([...found].sort()).toEqual(present.flatMap(({ spans }) => spans.map(keyOf)).sort());
  const statistics = await store.serviceStatistics({});
  expect(statistics.reduce((sum, { spanCount }) => sum + spanCount, 0)).toBe(found.size);
  const links = await store.dependencies({});
  for (const request of requests) {
    const isPresent = present.includes(request);
    const traceIds = [...new Set(isPresent ? request.spans.map(({ traceId }) => traceId) : [])].sort();
    for (const key of ["request", "labels"]) {
      expect(await tracesWith(store, key, request.name)).toEqual(traceIds);
    }
    const calls = links.filter(({ fromService }) => fromService === `shop-${request.name}`);
    expect(calls.map(({ callCount }) => callCount)).toEqual(isPresent ? [TRACES_PER_REQUEST] : []);
  }
  return present.map(({ name }) => name);
}

function keyOf({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string {
  return `${traceId}/${spanId}`;
}

function flipByte(path: string, offset: number, flip: number): void {
  const bytes = readFileSync(path);
  bytes[offset]! ^= flip;
  writeFileSync(path, bytes);
}

/** Starts three times over a folder with one wrong byte. */
async function expectServed(file: string, offset: number, flip: number, kind: Kind): Promise<void> {
  const dataDirectory = temporaryFolder();
  cpSync(folder.dataDirectory, dataDirectory, { recursive: true });
  flipByte(join(dataDirectory, file), offset, flip);
  const later = requestOf(folder.requests.length + 1);
  const requests = [...folder.requests, later];
  const lines: Line[] = [];
  let before: readonly string[] | undefined;
  for (let start = 0; start < 3; start++) {
    const parts = await startParts(dataDirectory, {
      readers: ["file:otlp"],
      logger: recordingLogger(start === 0 ? lines : []),
      store: { startSealWorker: noSealWorker },
    });
    if (start === 0) {
      await touch(parts.store);
      await parts.pipeline.submit({ payload: encodeSpans(later.spans), transport: "otlp_grpc" });
    }
    const present = await presentIn(parts.store, requests);
    before ??= present;
    expect(present).toEqual(before);
    await parts.stop();
  }
  const lost = requests.filter(({ name }) => !before?.includes(name));
  expect(losable(file, offset, kind)).toEqual(expect.arrayContaining(lost));
  const mustBeNamed = kind.costs !== "its records" || isNoticed(file, offset);
  if (kind.named !== undefined && mustBeNamed) expectNamed(lines, file, kind.named);
  rmSync(dataDirectory, { recursive: true });
}

/**
 * False where nobody looks: records that segments hold, the room after the last one, files made ahead of need; and in the
 * very last record, which is then as a write that the end of the process cut off: nothing is after it that was cut.
 */
function isNoticed(file: string, offset: number): boolean {
  const records = recordsIn(file);
  if (records.length > 0 && offset < FILE_HEADER_BYTES) return true;
  const hit = records.find((record) => offset >= record.offset && offset < record.endOffset);
  const last = folder.requests.at(-1)?.position;
  return folder.requests.some(
    ({ position, isSealed }) => position === hit?.position && position !== last && !isSealed,
  );
}

function expectNamed(lines: readonly Line[], file: string, what: "file" | "segment"): void {
  const name = what === "file" ? file : file.split("/")[1]!;
  const told = lines.filter(({ fields }) =>
    Object.values(fields).some((value) => String(value).includes(name)),
  );
  expect(told.length, `no line names ${name}: ${JSON.stringify(lines)}`).toBeGreaterThan(0);
}

test("every kind of file in a data folder has a rule for what a wrong byte in it costs", () => {
  expect(files.filter((file) => kindOf(file) === undefined)).toEqual([]);
  const unused = KINDS.filter((kind) => !files.some((file) => kindOf(file) === kind)).map(({ name }) => name);
  expect(unused).toEqual(["other file of a segment"]);
});

describe("a wrong byte is named, costs no more than its unit, and keeps no server from starting", () => {
  test.each(KINDS)("in a file of the kind $name", { timeout: timeLimitMillis(30) }, async (kind) => {
    const random = createRandom(SEED);
    const some = files.filter((file) => kindOf(file) === kind);
    const wrong: string[] = [];
    for (let place = 0; place < PLACES && some.length > 0; place++) {
      const file = some[place % some.length]!;
      const offset = offsetsIn(file, random)[0]!;
      const flip = random.pick(FLIPS);
      await expectServed(file, offset, flip, kind).catch((error: Error) => {
        wrong.push(`byte ${offset} of ${file} xor ${flip}: ${error.message}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});

test("with wrong bytes in many files at once the program starts, names them and serves the rest", {
  timeout: timeLimitMillis(5),
}, async () => {
  const dataDirectory = temporaryFolder();
  cpSync(folder.dataDirectory, dataDirectory, { recursive: true });
  const segments = [
    ...new Set(files.filter((file) => kindOf(file)?.name === "meta").map((file) => dirname(file))),
  ];
  const logFile = files.find((file) => isNoticed(file, FILE_HEADER_BYTES) && file.endsWith(".log"))!;
  const damaged = [
    "LOCK",
    "log/readers.json",
    "segments/position.json",
    `${segments[0]}/spans.parquet`,
    `${segments[1]}/trace-filter.bin`,
  ];
  for (const file of damaged) flipByte(join(dataDirectory, file), 10, 0x01);
  flipByte(join(dataDirectory, logFile), FILE_HEADER_BYTES + 5, 0xff);
  const first = recordsIn(logFile)[0]!.position;
  const left = folder.requests.filter(({ position }) => position !== first && position !== 1);
  const spans = new Map<string, number>();
  for (const { traceId } of left.flatMap((request) => request.spans))
    spans.set(traceId, (spans.get(traceId) ?? 0) + 1);
  for (let start = 0; start < 3; start++) {
    const server = await startServer(dataDirectory, [
      "--export-file",
      join(temporaryFolder(), "spans.jsonl"),
    ]);
    for (const traceId of spans.keys()) await getJson(server.ui, `/api/v1/traces/${traceId}`);
    expect(await listedTraces(server)).toEqual(spans);
    if (start === 0) {
      for (const name of [...damaged.slice(1, 3), segments[0]!, damaged[4]!, logFile])
        expect(server.stderr()).toContain(name.replace(/^segments\/(\d+-\d+)$/, "$1"));
    }
    expect(await server.stop()).toBe(0);
  }
});
