/** Series in JSON and in protobuf: `QueryRangeResponse`, `QueryInstantResponse` and what is in them. */

import { ProtobufWriter } from "../../base/protobuf-writer.ts";
import { writeKeyValue } from "../../codec/otlp-protobuf/encode-attributes.ts";
import type { Series, SeriesExemplar } from "../../filter/series/series.ts";
import type { SeriesGrid } from "../../filter/series/series-grid.ts";
import { stampOf } from "../../filter/series/series-grid.ts";
import type { SeriesAnswer } from "../../query/query-series.ts";
import type { TempoAttribute } from "./found-attributes.ts";
import { attributeValue, keyValueJson } from "./found-attributes.ts";
import { listedTraceId, searchMetricsBytes, searchMetricsJson } from "./search-answer.ts";

/** Whether there are values over time, or one for the whole range. */
export type SeriesForm = "range" | "instant";

const NANOS_PER_MILLI = 1_000_000n;

/** The answer as text in pieces, to be joined. */
export function* seriesJsonChunks(answer: SeriesAnswer, form: SeriesForm): Generator<string, void> {
  yield '{"series":[';
  let separator = "";
  for (const series of seriesWithValues(answer)) {
    yield separator + JSON.stringify(form === "range" ? rangeJson(series, answer.grid) : instantJson(series));
    separator = ",";
  }
  const isPartial = answer.status === "PARTIAL";
  const rest = {
    metrics: searchMetricsJson(progressOf(answer)),
    ...(isPartial ? { status: answer.status, message: answer.message } : {}),
  };
  yield `],${JSON.stringify(rest).slice(1)}`;
}

/** A series without any value is told of nowhere. */
function seriesWithValues({ series }: SeriesAnswer): readonly Series[] {
  return series.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
}

function progressOf({ explanation }: SeriesAnswer): Parameters<typeof searchMetricsJson>[0] {
  return { counts: explanation, isDone: true };
}

function rangeJson(series: Series, grid: SeriesGrid): object {
  const exemplars = exemplarsOf(series);
  return {
    labels: labelsOf(series).map(keyValueJson),
    samples: samplesOf(series, grid).map(({ timestampMs, value }) => ({
      timestampMs: timestampMs.toString(),
      ...valueJson(value),
    })),
    ...(exemplars.length === 0 ? {} : { exemplars: exemplars.map(exemplarJson) }),
  };
}

function exemplarJson(exemplar: SeriesExemplar): object {
  return {
    labels: [keyValueJson(traceLabelOf(exemplar))],
    ...valueJson(exemplar.value),
    timestampMs: millisOf(exemplar.timeUnixNano).toString(),
  };
}

function instantJson(series: Series): object {
  return { labels: labelsOf(series).map(keyValueJson), ...valueJson(firstValueOf(series)) };
}

/** 0 is left out, as protobuf has it; what is beyond all numbers is a word. */
function valueJson(value: number): object {
  if (value === 0) return {};
  return { value: Number.isFinite(value) ? value : String(value) };
}

/** Nil is a word here, since every label has a value. */
function labelsOf({ labels }: Series): readonly TempoAttribute[] {
  return labels.map(({ name, value }) => ({ key: name, value: attributeValue(value) ?? "nil" }));
}

interface TimedValue {
  readonly timestampMs: bigint;
  readonly value: number;
}

function samplesOf({ values }: Series, grid: SeriesGrid): readonly TimedValue[] {
  const samples: TimedValue[] = [];
  for (const [interval, value] of values.entries()) {
    if (!Number.isNaN(value)) samples.push({ timestampMs: millisOf(stampOf(grid, interval)), value });
  }
  return samples;
}

function exemplarsOf({ exemplars }: Series): readonly SeriesExemplar[] {
  return exemplars.filter(({ value }) => !Number.isNaN(value));
}

/** By its name a client opens the trace. */
function traceLabelOf({ traceId }: SeriesExemplar): TempoAttribute {
  return { key: "trace:id", value: listedTraceId(traceId) };
}

function firstValueOf({ values }: Series): number {
  return values.find((value) => !Number.isNaN(value)) ?? Number.NaN;
}

function millisOf(unixNano: bigint): bigint {
  return unixNano / NANOS_PER_MILLI;
}

/** Of both responses. */
const RESPONSE = { series: 1, status: 3, message: 4 } as const;
const SERIES = { labels: 1, samples: 2, exemplars: 4 } as const;
const INSTANT_SERIES = { labels: 1, value: 2 } as const;
const SAMPLE = { value: 1, timestampMs: 2 } as const;
const EXEMPLAR = { labels: 1, value: 2, timestampMs: 3 } as const;
const STATUS_PARTIAL = 1;

/** Each series with its tag: such pieces and {@link seriesEndBytes} together are a response. */
export function* seriesPieces(answer: SeriesAnswer, form: SeriesForm): Generator<Uint8Array, void> {
  for (const series of seriesWithValues(answer)) {
    const writer = new ProtobufWriter();
    const mark = writer.begin(RESPONSE.series);
    if (form === "range") writeRange(writer, series, answer.grid);
    else writeInstant(writer, series);
    writer.end(mark);
    yield writer.finish();
  }
}

function writeRange(writer: ProtobufWriter, series: Series, grid: SeriesGrid): void {
  for (const label of labelsOf(series)) writeKeyValue(writer, SERIES.labels, label);
  for (const { value, timestampMs } of samplesOf(series, grid)) {
    const mark = writer.begin(SERIES.samples);
    if (value !== 0) writer.double(SAMPLE.value, value);
    writer.int64(SAMPLE.timestampMs, timestampMs);
    writer.end(mark);
  }
  for (const exemplar of exemplarsOf(series)) {
    const mark = writer.begin(SERIES.exemplars);
    writeKeyValue(writer, EXEMPLAR.labels, traceLabelOf(exemplar));
    if (exemplar.value !== 0) writer.double(EXEMPLAR.value, exemplar.value);
    writer.int64(EXEMPLAR.timestampMs, millisOf(exemplar.timeUnixNano));
    writer.end(mark);
  }
}

function writeInstant(writer: ProtobufWriter, series: Series): void {
  for (const label of labelsOf(series)) writeKeyValue(writer, INSTANT_SERIES.labels, label);
  const value = firstValueOf(series);
  if (value !== 0) writer.double(INSTANT_SERIES.value, value);
}

/** What a response tells besides its series. */
export function seriesEndBytes(answer: SeriesAnswer): Uint8Array {
  const writer = new ProtobufWriter(64);
  writer.raw(searchMetricsBytes(progressOf(answer)));
  if (answer.status === "PARTIAL") {
    writer.uint32(RESPONSE.status, STATUS_PARTIAL);
    writer.text(RESPONSE.message, answer.message);
  }
  return writer.finish();
}
