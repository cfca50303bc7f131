/**
 * Data of an older version is read; data of a newer one is refused with the version that is needed, and left as it is.
 * Every folder `test/fixtures/data-folder-v*` is one that a server of its time left; they are never made again.
 */

import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { otlpJsonFromRows } from "../../src/codec/otlp-json/encode.ts";
import { formatCheckedJson } from "../../src/io/checked-json.ts";
import { decodeFileHeader, encodeFileHeader, LOG_FORMAT_VERSION } from "../../src/log/record-format.ts";
import { SEGMENT_FORMAT_VERSION } from "../../src/store/lake/segment-format.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import type { CanonicalSpan } from "../helpers/otlp-canonical.ts";
import { canonicalFromJson, canonicalFromProtobuf, loadRequestType } from "../helpers/otlp-canonical.ts";
import { plainRequest } from "../helpers/otlp-client.ts";
import { startParts } from "../helpers/server-parts.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { timeLimitMillis } from "./scale.ts";
import { spawnServer } from "./torture-server.ts";

const FIXTURES = "test/fixtures";
const FOLDERS = readdirSync(FIXTURES).filter((name) => /^data-folder-v\d+$/.test(name));
const LATER = { traceId: "f".repeat(32), spans: 3 };

function copyOf(fixture: string): string {
  const folder = temporaryFolder();
  cpSync(join(FIXTURES, fixture, "data"), folder, { recursive: true });
  return folder;
}

/** The spans a folder must give back, as protobufjs reads what was sent. */
async function sentTo(fixture: string): Promise<CanonicalSpan[]> {
  const bytes = gunzipSync(readFileSync(join(FIXTURES, fixture, "requests.bin.gz")));
  return canonicalFromProtobuf(await loadRequestType(), bytes);
}

const inOrder = (spans: readonly CanonicalSpan[]): string[] =>
  spans.map((span) => JSON.stringify(span)).sort();

/** Every span the store has, in full; lists and sums must agree with it. */
async function storedIn(store: TraceStore): Promise<CanonicalSpan[]> {
  const { summaries } = await store.search({}, { limit: 10_000 });
  const stored: CanonicalSpan[] = [];
  for (const { traceId, spanCount } of summaries) {
    const rows = await store.trace(traceId);
    expect(rows).toHaveLength(spanCount);
    stored.push(...canonicalFromJson(JSON.parse(otlpJsonFromRows(rows))));
  }
  const statistics = await store.serviceStatistics({});
  expect(statistics.reduce((sum, { spanCount }) => sum + spanCount, 0)).toBe(stored.length);
  return stored;
}

/** Trace ids with a span that has this text attribute, among the spans sent. */
function tracesWith(spans: readonly CanonicalSpan[], key: string, value: string): string[] {
  const has = ({ span }: CanonicalSpan): boolean =>
    (span["attributes"] as [string, { string?: string }][]).some(
      ([name, held]) => name === key && held.string === value,
    );
  return [...new Set(spans.filter(has).map(({ span }) => span["traceId"] as string))].sort();
}

describe("an older data folder", () => {
  test("is there for every version but the one that is written now", () => {
    const older = Array.from(
      { length: SEGMENT_FORMAT_VERSION - 1 },
      (_, index) => `data-folder-v${index + 1}`,
    );
    expect(FOLDERS).toEqual(expect.arrayContaining(older));
  });

  test.each(FOLDERS)(
    "%s gives back every span in full, is searched, and is written on",
    {
      timeout: timeLimitMillis(5),
    },
    async (fixture) => {
      const sent = await sentTo(fixture);
      const folder = copyOf(fixture);
      const readers = ["file:otlp"];
      const first = await startParts(folder, { readers });
      expect(inOrder(await storedIn(first.store))).toEqual(inOrder(sent));
      expect(first.log.positionOf("file:otlp")).toBe(2);
      const [key, value] = ["app.product.id", "OLJCESPC7Z"];
      const { summaries } = await first.store.search({ attributes: [{ key, value }] }, { limit: 10_000 });
      expect(summaries.map(({ traceId }) => traceId).sort()).toEqual(tracesWith(sent, key, value));
      expect(await first.store.dependencies({})).not.toEqual([]);
      const payload = plainRequest(LATER.traceId, LATER.spans);
      await first.pipeline.submit({ payload, transport: "otlp_grpc" });
      await first.store.flush();
      first.tick();
      await first.stop();
      const second = await startParts(folder, { readers });
      const later = canonicalFromProtobuf(await loadRequestType(), payload);
      expect(inOrder(await storedIn(second.store))).toEqual(inOrder([...sent, ...later]));
      await second.stop();
    },
  );
});

/** Makes a segment that a later version wrote, as far as anybody can tell. */
function makeSegmentNewer(folder: string): void {
  const segment = readdirSync(join(folder, "segments")).find((name) => /^\d/.test(name))!;
  const path = join(folder, "segments", segment, "meta.json");
  const { crc32: _, ...members } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const newer = { ...members, formatVersion: SEGMENT_FORMAT_VERSION + 1, writtenBy: "9.9.9" };
  writeFileSync(path, formatCheckedJson(newer, 2));
}

function makeLogNewer(folder: string): void {
  const name = readdirSync(join(folder, "log")).filter((file) => file.endsWith(".log"))[0]!;
  const path = join(folder, "log", name);
  const bytes = readFileSync(path);
  const header = decodeFileHeader(bytes)!;
  bytes.set(encodeFileHeader({ ...header, version: LOG_FORMAT_VERSION + 1 }));
  writeFileSync(path, bytes);
}

function filesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    names
      .filter((entry) => entry.isFile() && entry.name !== "LOCK")
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path).toString("base64")]),
  );
}

describe("a newer data folder", () => {
  test.each([
    [
      "segment",
      makeSegmentNewer,
      `in segment format ${SEGMENT_FORMAT_VERSION + 1}, this version reads up to format ${SEGMENT_FORMAT_VERSION}; start the version of TracAgg that wrote it (9.9.9) or a newer one`,
      "segments",
    ],
    [
      "log file",
      makeLogNewer,
      `has log format version ${LOG_FORMAT_VERSION + 1}, this TracAgg reads up to ${LOG_FORMAT_VERSION}; start the newer TracAgg that wrote it`,
      ".",
    ],
  ] as const)(
    "is refused for one newer %s, with the version that is needed, and nothing is moved",
    {
      timeout: timeLimitMillis(5),
    },
    async (_, makeNewer, message, untouched) => {
      const folder = copyOf("data-folder-v1");
      const older = filesOf(join(folder, untouched));
      makeNewer(folder);
      const newer = filesOf(join(folder, untouched));
      for (let start = 0; start < 2; start++) {
        const server = spawnServer(folder);
        expect(await server.ended).toBe(1);
        expect(server.stderr()).toContain(message);
        expect(filesOf(join(folder, untouched))).toEqual(newer);
      }
      // The newer version finds its data as it left it; here the older one does.
      for (const [path, content] of older) writeFileSync(path, Buffer.from(content, "base64"));
      const parts = await startParts(folder);
      expect(inOrder(await storedIn(parts.store))).toEqual(inOrder(await sentTo("data-folder-v1")));
      await parts.stop();
    },
  );
});
