/** `meta.json`: what a segment says of itself. */

import { errorFrom, TracAggError } from "../../base/errors.ts";
import { formatCheckedJson, parseCheckedJson } from "../../io/checked-json.ts";
import type { AttributeColumn } from "./attribute-columns.ts";
import { SEGMENT_FORMAT_VERSION } from "./segment-format.ts";

/** Size and checksum of one file. */
export interface SegmentFileMeta {
  readonly bytes: number;
  /** CRC-32 of the whole file. */
  readonly crc32: number;
}

/** The content of `meta.json`; 64-bit numbers are decimal strings in the file. */
export interface SegmentMeta {
  readonly formatVersion: number;
  /** Version of TracAgg that wrote it; for people. */
  readonly writtenBy: string;
  /** Log positions covered: every record from `first` to `last`. */
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly firstArrivalUnixMillis: number;
  readonly lastArrivalUnixMillis: number;
  readonly spanCount: number;
  readonly traceCount: number;
  /** Least and greatest start of a trace. */
  readonly minTraceStartUnixNano: bigint;
  readonly maxTraceStartUnixNano: bigint;
  /** Names of segments whose spans are all in this one too; they are removed once this one is in place. */
  readonly replaces: readonly string[];
  /** Columns of `spans.parquet`, in order. */
  readonly spanColumns: readonly string[];
  /** Which of them hold attributes; none before format version 2. */
  readonly attributeColumns: readonly AttributeColumn[];
  /**
   * Span attribute keys with some value that fits no column: arrays, maps, long texts. Absent when there are too many to
   * name, and in segments written before it was: any key may have such values then.
   */
  readonly otherAttributeKeys?: readonly string[];
  /** By file name, every file but `meta.json` itself. */
  readonly files: Readonly<Record<string, SegmentFileMeta>>;
}

const BIGINT_KEYS: readonly string[] = Object.freeze(["minTraceStartUnixNano", "maxTraceStartUnixNano"]);
const NUMBER_KEYS: readonly string[] = Object.freeze([
  "firstPosition",
  "lastPosition",
  "firstArrivalUnixMillis",
  "lastArrivalUnixMillis",
  "spanCount",
  "traceCount",
]);

/** Members of the files of format 1 that were written before they had a checksum. */
const UNCHECKED_KEYS: readonly string[] = Object.freeze([
  "formatVersion",
  "writtenBy",
  "firstPosition",
  "lastPosition",
  "firstArrivalUnixMillis",
  "lastArrivalUnixMillis",
  "spanCount",
  "traceCount",
  "minTraceStartUnixNano",
  "maxTraceStartUnixNano",
  "replaces",
  "spanColumns",
  "files",
]);

/** The file's text; its last member is a checksum of the others. */
export function formatSegmentMeta(meta: SegmentMeta): string {
  const texts = BIGINT_KEYS.map((key) => [key, String(meta[key as keyof SegmentMeta])]);
  return formatCheckedJson({ ...meta, ...Object.fromEntries(texts) }, 2);
}

/**
 * Reads `meta.json`.
 *
 * @throws TracAggError `data_corrupt` when it is not what {@link formatSegmentMeta} writes; `failed_precondition`
 * when a newer version of the format wrote it.
 */
export function parseSegmentMeta(text: string, where: string): SegmentMeta {
  const value = parseChecked(text, where);
  const version = value["formatVersion"];
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
    throw corrupt(where, "formatVersion is no whole number from 1");
  }
  if (version > SEGMENT_FORMAT_VERSION) {
    throw new TracAggError(
      "failed_precondition",
      `${where}: the data is in segment format ${version}, this version reads up to format ` +
        `${SEGMENT_FORMAT_VERSION}; start the version of TracAgg that wrote it (${String(value["writtenBy"])}) or a newer one`,
    );
  }
  for (const key of NUMBER_KEYS) {
    if (!Number.isSafeInteger(value[key])) throw corrupt(where, `${key} is no whole number`);
  }
  for (const key of BIGINT_KEYS) value[key] = bigintOf(value[key], where, key);
  if (!isStringArray(value["replaces"])) throw corrupt(where, "replaces is no list of names");
  if (!isStringArray(value["spanColumns"])) throw corrupt(where, "spanColumns is no list of names");
  value["attributeColumns"] ??= [];
  if (!isColumnList(value["attributeColumns"]))
    throw corrupt(where, "attributeColumns is no list of columns");
  const otherKeys = value["otherAttributeKeys"];
  if (otherKeys !== undefined && !isStringArray(otherKeys))
    throw corrupt(where, "otherAttributeKeys is no list of keys");
  if (!isFileTable(value["files"])) throw corrupt(where, "files is no table of sizes and checksums");
  return value as unknown as SegmentMeta;
}

function corrupt(where: string, what: string): TracAggError {
  return new TracAggError("data_corrupt", `${where}: ${what}`);
}

/** A newer format is told from a damaged file by the checksum, whose form is the same in all formats. */
function parseChecked(text: string, where: string): Record<string, unknown> {
  try {
    return parseCheckedJson(text, isUncheckedForm, 2);
  } catch (thrown) {
    throw corrupt(where, errorFrom(thrown).message);
  }
}

function isUncheckedForm(members: Readonly<Record<string, unknown>>): boolean {
  return members["formatVersion"] === 1 && Object.keys(members).join() === UNCHECKED_KEYS.join();
}

function bigintOf(value: unknown, where: string, key: string): bigint {
  if (typeof value !== "string" || !/^\d{1,20}$/.test(value))
    throw corrupt(where, `${key} is no decimal string`);
  return BigInt(value);
}

function isStringArray(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

const COLUMN_TYPES: readonly unknown[] = Object.freeze(["text", "i64", "f64", "bool"]);

function isColumnList(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return value.every(
    (item: Partial<AttributeColumn> | null) =>
      typeof item?.key === "string" &&
      typeof item.column === "string" &&
      COLUMN_TYPES.includes(item.type) &&
      isStringArray(item.valueTypes) &&
      (item.typeColumn === undefined || typeof item.typeColumn === "string"),
  );
}

function isFileTable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value as Record<string, Partial<SegmentFileMeta> | null>).every(
    (file) => Number.isSafeInteger(file?.bytes) && Number.isSafeInteger(file?.crc32),
  );
}
