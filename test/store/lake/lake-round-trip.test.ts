import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, it } from "vitest";
import { spanIdOf, traceIdOf as traceIdOfRow } from "../../../src/batch/row-ids.ts";
import type { SpanRow } from "../../../src/batch/span-batch.ts";
import { spanFromRow } from "../../../src/batch/span-from-row.ts";
import { encodeSpans } from "../../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../../src/model/span.ts";
import type { TraceStore } from "../../../src/store/trace-store.ts";
import { BatchFeed, withTimes } from "../../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { LakeFolder } from "./lake-fixture.ts";

const CORPUS = process.env["TRACAGG_CORPUS"] ?? join("..", "shared", "corpus", "otel-demo");
const hasCorpus = existsSync(join(CORPUS, "0.bin"));
if (!hasCorpus) console.warn(`corpus tests are skipped: no recording in ${CORPUS}`);

function corpusPayloads(): Uint8Array[] {
  const files = readdirSync(CORPUS).filter((name) => name.endsWith(".bin"));
  return files.map((name) => readFileSync(join(CORPUS, name)));
}

/** Appends payloads as a server does; gives all rows by trace. */
function appendAll(store: TraceStore, payloads: readonly Uint8Array[]): Map<string, SpanRow[]> {
  const decoder = new OtlpRequestDecoder();
  const byTrace = new Map<string, SpanRow[]>();
  for (const [position, payload] of payloads.entries()) {
    const { batch } = decoder.decode(payload);
    store.append({ batch, position, arrivalUnixMillis: 0 });
    for (let row = 0; row < batch.rowCount; row++) {
      const traceId = traceIdOfRow({ batch, row });
      byTrace.set(traceId, [...(byTrace.get(traceId) ?? []), { batch, row }]);
    }
  }
  return byTrace;
}

function sorted(spans: readonly Span[]): Span[] {
  return [...spans].sort((left, right) => (left.spanId < right.spanId ? -1 : 1));
}

/** The `Span` message as it was sent or stored, field order aside. */
function spanFields({ batch, row }: SpanRow): string[] {
  const body = batch.payload.subarray(batch.spanStarts[row], batch.spanEnds[row]);
  return [...topLevelFields(body)].sort();
}

function* topLevelFields(body: Uint8Array): Generator<string> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < body.length) {
    const start = at;
    const wireType = varint() & 7;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else {
      const length = varint();
      at += length;
    }
    yield Buffer.from(body.subarray(start, at)).toString("hex");
  }
}

/** Fields that say what their absence says too. */
const EMPTY_FIELDS = new Set(["2200", "3000", "1a00", "7a00", "8501" + "00000000"]);

it.skipIf(!hasCorpus)(
  "gives recorded requests back byte for byte, after a seal and after a restart",
  async () => {
    const folder = await LakeFolder.create();
    const store = await folder.open();
    const byTrace = appendAll(store, corpusPayloads());
    await store.flush();
    const reopened = await folder.open();
    expect(reopened.gauges()).toMatchObject({ hot_spans: 0, segment_spans: 4_743, segments: 1 });
    let spanCount = 0;
    for await (const { summary, rows } of reopened.scan({}, { limit: 10_000 })) {
      const sent = byTrace.get(summary.traceId)!;
      spanCount += rows.length;
      expect(sorted(rows.map(spanFromRow))).toEqual(sorted(sent.map(spanFromRow)));
      const sentById = new Map(sent.map((row) => [spanIdOf(row), row]));
      for (const row of rows) {
        const known = spanFields(sentById.get(spanIdOf(row))!).filter((field) => !EMPTY_FIELDS.has(field));
        expect(spanFields(row).filter((field) => !EMPTY_FIELDS.has(field))).toEqual(known);
      }
    }
    expect(spanCount).toBe(4_743);
  },
);

it.skipIf(!hasCorpus)(
  "writes Parquet files that another DuckDB reads as the format document says",
  async () => {
    const folder = await LakeFolder.create();
    const store = await folder.open();
    appendAll(store, corpusPayloads());
    await store.flush();
    const summary = (await store.search({ hasErrors: true }, { limit: 1 })).summaries[0]!;
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const ask = async (sql: string): Promise<unknown[][]> =>
      (await connection.runAndReadAll(sql)).getRowsJson();
    const glob = (file: string): string => folder.path("segments", "*", file);
    expect(await ask(`SELECT count(*), count(DISTINCT trace_id) FROM '${glob("spans.parquet")}'`)).toEqual([
      ["4743", "1021"],
    ]);
    expect(
      await ask(
        `SELECT lower(hex(trace_id)), start_time_unix_nano, span_count, error_count, root_service_name
       FROM '${glob("traces.parquet")}' WHERE trace_id = unhex('${summary.traceId}')`,
      ),
    ).toEqual([
      [
        summary.traceId,
        String(summary.startTimeUnixNano),
        summary.spanCount,
        summary.errorCount,
        summary.rootServiceName,
      ],
    ]);
    const spans = (await store.trace(summary.traceId)).map(spanFromRow);
    expect(
      await ask(
        `SELECT lower(printf('%016x', span_id)), lower(printf('%016x', parent_span_id)), name, service_name,
         epoch_ns(make_timestamp_ns(start_time_unix_nano::BIGINT)), duration_nanos, status_code
       FROM '${glob("spans.parquet")}' WHERE trace_id = unhex('${summary.traceId}')
       ORDER BY start_time_unix_nano, span_id`,
      ),
    ).toEqual(
      spans.map((span) => [
        span.spanId,
        span.parentSpanId ?? null,
        span.name,
        span.serviceName,
        String(span.startTimeUnixNano),
        String(span.endTimeUnixNano - span.startTimeUnixNano),
        ["UNSET", "OK", "ERROR"].indexOf(span.status),
      ]),
    );
    const [[services]] = (await ask(
      `SELECT count(DISTINCT json_extract_string(attributes, '$."service.name"')) FROM '${glob("resources.parquet")}'`,
    )) as [[string]];
    expect(services).toBe("17");
    const links = await ask(
      `SELECT from_service, to_service, type, sum(call_count)::INTEGER, sum(error_count)::INTEGER
     FROM '${glob("links.parquet")}' GROUP BY ALL ORDER BY ALL`,
    );
    expect(links).toEqual(
      (await store.dependencies({})).map((link) => [
        link.fromService,
        link.toService,
        link.type,
        link.callCount,
        link.errorCount,
      ]),
    );
    connection.closeSync();
    instance.closeSync();
  },
);

it("keeps times exact over all 64 bits, also when a span ends before it starts", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open();
  const last = 0xffff_ffff_ffff_ffffn;
  const times: [bigint, bigint][] = [
    [0n, 0n],
    [0n, last],
    [last, 0n],
    [last, last],
    [1n << 63n, (1n << 63n) - 1n],
    [5n, 4n],
  ];
  const spans = times.map(([start, end], index) =>
    withTimes(buildSpan("times", { id: `s${index}`, at: [0, 1] }), start, end),
  );
  new BatchFeed(store).append(...spans);
  await store.flush();
  const stored = await (await folder.open()).trace(traceIdOf("times"));
  expect(sorted(stored.map(spanFromRow))).toEqual(sorted(spans));
});

it("keeps kinds from the future, unknown fields, repeated keys and odd names", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open();
  const odd = [
    "",
    "\u0000",
    "quote ' and \" and \\",
    "\uFFFD",
    "x".repeat(5_000),
    "émoji 🙂 with more than twelve bytes",
  ];
  const spans = odd.map((name, index) =>
    buildSpan("odd", { id: `s${index}`, name, service: `svc ${name}`, at: [index, 9] }),
  );
  const extra = Buffer.from("30ac024a050a016112004a050a01611200f2070461626364", "hex");
  // Request { ResourceSpans { ScopeSpans { Span } } } with the extra fields at the end of the span.
  const known = encodeSpans([buildSpan("future", { id: "f", at: [0, 1] })]);
  const payload = withSpanSuffix(known, extra);
  const decoder = new OtlpRequestDecoder();
  new BatchFeed(store).append(...spans);
  const { batch } = decoder.decode(payload);
  store.append({ batch, position: 1, arrivalUnixMillis: 0 });
  const before = (await store.trace(traceIdOf("odd"))).map(spanFromRow);
  await store.flush();
  const reopened = await folder.open();
  expect((await reopened.trace(traceIdOf("odd"))).map(spanFromRow)).toEqual(before);
  expect(before.map(({ name }) => name)).toEqual(odd);
  const [future] = await reopened.trace(traceIdOf("future"));
  expect(spanFields(future!)).toEqual(
    expect.arrayContaining(["30ac02", "4a050a01611200", "4a050a01611200", "f2070461626364"]),
  );
  expect(spanFields(future!).filter((field) => field.startsWith("4a"))).toHaveLength(2);
  for (const name of odd) {
    const { summaries } = await reopened.search({ serviceName: `svc ${name}` }, { limit: 5 });
    expect(summaries.map(({ traceId }) => traceId)).toEqual([traceIdOf("odd")]);
    expect((await reopened.search({ operationName: name }, { limit: 5 })).summaries).toHaveLength(1);
  }
});

/** Appends bytes to the one span of a request, lengths and all. */
function withSpanSuffix(request: Uint8Array, suffix: Uint8Array): Uint8Array {
  const { batch } = new OtlpRequestDecoder().decode(request);
  const span = Buffer.concat([request.subarray(batch.spanStarts[0], batch.spanEnds[0]), suffix]);
  const field = (tag: number, body: Uint8Array): Buffer => {
    const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
    return Buffer.concat([Uint8Array.from([tag, ...length]), body]);
  };
  const resource = batch.resources[0]!;
  const resourceField = field(0x0a, request.subarray(resource.start, resource.end));
  return field(0x0a, Buffer.concat([resourceField, field(0x12, field(0x12, span))]));
}

it("keeps one trace of 300,000 spans, in order, and one trace of one span", async () => {
  const folder = await LakeFolder.create();
  const store = await folder.open({ sealBytes: 1 << 30 });
  const template = buildSpan("large", { id: "template", service: "shop", at: [0, 1] });
  const feed = new BatchFeed(store);
  const count = 300_000;
  for (let from = 0; from < count; from += 10_000) {
    const spans = Array.from({ length: 10_000 }, (_, index) => ({
      ...template,
      spanId: (from + index + 1).toString(16).padStart(16, "0"),
      startTimeUnixNano: template.startTimeUnixNano + BigInt(from + index),
    }));
    feed.append(...spans);
  }
  feed.append(buildSpan("small", { id: "only", at: [5, 6] }));
  await store.flush();
  expect(store.gauges()).toMatchObject({ segments: 1, hot_spans: 0 });
  const rows = await store.trace(traceIdOf("large"));
  expect(rows).toHaveLength(count);
  expect(rows.findIndex((row, index) => Number.parseInt(spanIdOf(row), 16) !== index + 1)).toBe(-1);
  expect(await store.trace(traceIdOf("small"))).toHaveLength(1);
  expect((await store.search({}, { limit: 5 })).summaries.map(({ spanCount }) => spanCount)).toEqual([
    1,
    count,
  ]);
}, 120_000);
