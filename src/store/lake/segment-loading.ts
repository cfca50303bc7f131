/** Opens a segment folder: reads its small files, checks the large ones' sizes, makes lost helpers again. */

import { join } from "node:path";
import { crc32 } from "node:zlib";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FileLayer } from "../../io/file-layer.ts";
import { writeFileDurably } from "../../io/file-layer.ts";
import { NameCatalogue } from "../name-catalogue.ts";
import { AttributeFilter } from "./attribute-filter.ts";
import { rebuiltAttributeFilter } from "./attribute-filter-rebuild.ts";
import { addOperations, formatOperations, namesInSpans } from "./operations-file.ts";
import type { ReaderPool } from "./reader-pool.ts";
import { Segment } from "./segment.ts";
import { parquetFilesOf, SegmentFile } from "./segment-format.ts";
import type { SegmentMeta } from "./segment-meta.ts";
import { parseSegmentMeta } from "./segment-meta.ts";
import { allTraces } from "./segment-queries.ts";
import type { SplitTrace } from "./split-file.ts";
import { decodeSplits, encodeSplits } from "./split-file.ts";
import { findSplits } from "./split-finder.ts";
import { TraceFilter } from "./trace-filter.ts";

/** What opening a segment needs. */
export interface SegmentLoading {
  readonly layer: FileLayer;
  readonly pool: ReaderPool;
  readonly logger: Logger;
  /** Called for each helper file that had to be made again. */
  readonly onRepair: () => void;
}

/** An opened segment with the names its spans have. */
export interface LoadedSegment {
  readonly segment: Segment;
  readonly names: NameCatalogue;
}

/** Reads `meta.json` of a segment folder. @throws TracAggError as {@link parseSegmentMeta}. */
export async function readSegmentMeta(layer: FileLayer, directory: string): Promise<SegmentMeta> {
  const path = join(directory, SegmentFile.META);
  const bytes = await layer.readFile(path).catch((thrown: unknown) => {
    throwIfPassing(thrown, path);
    throw new TracAggError("data_corrupt", `${path}: ${errorFrom(thrown).message}`, { cause: thrown });
  });
  return parseSegmentMeta(new TextDecoder().decode(bytes), path);
}

/**
 * Opens a segment. The filter, the list of split traces and the list of operations can be made again from the Parquet
 * files and are, when damaged; any other damage is thrown.
 *
 * @param older segments with lower positions, for the list of split traces
 * @throws TracAggError `data_corrupt`
 */
export async function loadSegment(
  loading: SegmentLoading,
  directory: string,
  name: string,
  meta: SegmentMeta,
  older: readonly Segment[],
): Promise<LoadedSegment> {
  for (const file of parquetFilesOf(meta.formatVersion))
    await checkSize(loading.layer, directory, file, meta);
  const helpers = new HelperFiles(loading, directory, meta);
  const filter = await helpers.read(SegmentFile.TRACE_FILTER, TraceFilter.decode, async () => {
    const filter = TraceFilter.of(await helpers.traces());
    return { value: filter, bytes: filter.encode() };
  });
  const attributeFilter =
    meta.formatVersion === 1
      ? undefined
      : await helpers.read(SegmentFile.ATTRIBUTE_FILTER, AttributeFilter.decode, async () => {
          const rebuilt = await loading.pool.use(undefined, (connection) =>
            rebuiltAttributeFilter(connection, directory, meta.attributeColumns),
          );
          return { value: rebuilt, bytes: rebuilt.encode() };
        });
  const splits = await helpers.read<readonly SplitTrace[]>(SegmentFile.SPLITS, decodeSplits, async () => {
    const splits = await rebuiltSplits(loading.pool, helpers, name, older);
    return { value: splits, bytes: encodeSplits(splits) };
  });
  const names = await helpers.read(SegmentFile.OPERATIONS, decodeNames, async () => {
    const names = await loading.pool.use(undefined, (connection) =>
      namesInSpans(connection, join(directory, SegmentFile.SPANS)),
    );
    return { value: names, bytes: new TextEncoder().encode(await formatOperations(names)) };
  });
  return { segment: new Segment(directory, name, meta, filter, attributeFilter, splits), names };
}

async function checkSize(
  layer: FileLayer,
  directory: string,
  file: string,
  meta: SegmentMeta,
): Promise<void> {
  const path = join(directory, file);
  const expected = meta.files[file]?.bytes;
  const actual = (await layer.stat(path))?.sizeBytes;
  if (actual === undefined) throw new TracAggError("data_corrupt", `${path}: the file is missing`);
  if (actual !== expected) {
    throw new TracAggError("data_corrupt", `${path}: expected ${expected} bytes, found ${actual}`);
  }
}

function decodeNames(bytes: Uint8Array): NameCatalogue {
  const names = new NameCatalogue();
  addOperations(new TextDecoder().decode(bytes), names);
  return names;
}

/** The small files beside the Parquet ones. */
class HelperFiles {
  readonly #loading: SegmentLoading;
  readonly #directory: string;
  readonly #meta: SegmentMeta;

  constructor(loading: SegmentLoading, directory: string, meta: SegmentMeta) {
    this.#loading = loading;
    this.#directory = directory;
    this.#meta = meta;
  }

  /** Ids and starts of all traces. */
  traces(): ReturnType<typeof allTraces> {
    const path = join(this.#directory, SegmentFile.TRACES);
    return this.#loading.pool.use(undefined, (connection) => allTraces(connection, path));
  }

  /** Reads a file; when it is damaged, makes it again and writes it back. */
  async read<T>(
    file: string,
    decode: (bytes: Uint8Array) => T,
    rebuild: () => Promise<{ value: T; bytes: Uint8Array }>,
  ): Promise<T> {
    const { layer, logger, onRepair } = this.#loading;
    const path = join(this.#directory, file);
    try {
      const bytes = await layer.readFile(path);
      if (crc32(bytes) !== this.#meta.files[file]?.crc32) {
        throw new TracAggError("data_corrupt", `${path}: checksum does not match`);
      }
      return decode(bytes);
    } catch (thrown) {
      throwIfPassing(thrown, path);
      logger.warn("segment file is damaged and made again", { path, reason: errorFrom(thrown).message });
    }
    onRepair();
    const { value, bytes } = await rebuild().catch((thrown: unknown) => {
      throw new TracAggError("data_corrupt", `${path}: cannot be made again: ${errorFrom(thrown).message}`, {
        cause: thrown,
      });
    });
    // Segments of a full disk are still read; the file is then made again at the next start.
    await writeFileDurably(layer, path, this.#directory, bytes).catch((thrown: unknown) => {
      logger.warn("segment file could not be written back", { path, reason: errorFrom(thrown).message });
    });
    return value;
  }
}

async function rebuiltSplits(
  pool: ReaderPool,
  helpers: HelperFiles,
  name: string,
  older: readonly Segment[],
): Promise<readonly SplitTrace[]> {
  const traces = await helpers.traces();
  const olderSegments = older.map((segment) => ({
    name: segment.name,
    directory: segment.directory,
    filter: segment.filter.shared(),
  }));
  return pool.use(undefined, ({ raw }) => findSplits(raw, { name, olderSegments }, traces));
}

const VERIFY_CHUNK_BYTES = 1024 * 1024;

/** Failures that say nothing about the content of a file. */
const PASSING_CODES: ReadonlySet<unknown> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "EACCES",
  "EPERM",
  "EAGAIN",
  "EBUSY",
  "EINTR",
]);

/** Whole segments must not be set aside because the process ran out of file numbers, say. */
function throwIfPassing(thrown: unknown, path: string): void {
  const { code, message } = thrown as { code?: unknown; message?: string };
  if (!PASSING_CODES.has(code)) return;
  throw new TracAggError(
    "unavailable",
    `${path} cannot be read now (${message ?? String(code)}); the segment stays in use. Check the permissions of the ` +
      "data folder and the limit of open files, then try again",
    { cause: thrown },
  );
}

/**
 * Compares a file with its checksum, a mebibyte at a time.
 *
 * @returns what is wrong; undefined when the file is whole.
 * @throws TracAggError `unavailable` when the file cannot be read for a reason that lies outside of it.
 */
export async function fileDamage(
  layer: FileLayer,
  segment: Pick<Segment, "path" | "meta">,
  file: string,
): Promise<string | undefined> {
  const path = segment.path(file);
  const expected = segment.meta.files[file];
  if (expected === undefined) return `${path}: meta.json does not list the file`;
  try {
    const handle = await layer.open(path, "read");
    try {
      const buffer = new Uint8Array(VERIFY_CHUNK_BYTES);
      let checksum = 0;
      let offset = 0;
      for (let count = await handle.read(buffer, 0); count > 0; count = await handle.read(buffer, offset)) {
        checksum = crc32(buffer.subarray(0, count), checksum);
        offset += count;
      }
      if (offset !== expected.bytes) return `${path}: expected ${expected.bytes} bytes, found ${offset}`;
      return checksum === expected.crc32 ? undefined : `${path}: checksum does not match`;
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throwIfPassing(thrown, path);
    return `${path}: ${errorFrom(thrown).message}`;
  }
}
