/** How the files of a segment are written, and what `meta.json` says of each. */

import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { FileTable } from "./segment-format.ts";
import type { SegmentFileMeta } from "./segment-meta.ts";
import { quoteSql } from "./sql-text.ts";

const CHUNK_BYTES = 1024 * 1024;

/** The statement that writes the rows of `source`, a table or a query in brackets, to a file. */
export function copyStatement(source: string, path: string, { orderBy, rowGroupRows }: FileTable): string {
  // DuckDB 1.5 asks the Bloom filter of a BLOB column for another hash than it wrote: equal ids are then not found.
  return `COPY (FROM ${source}${orderBy === undefined ? "" : ` ORDER BY ${orderBy}`}) TO ${quoteSql(path)}
    (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupRows}, WRITE_BLOOM_FILTER false)`;
}

/** Size and checksum of a file just written, from what is read back of it. */
export function writtenFile(path: string): SegmentFileMeta {
  const file = openSync(path, "r");
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let bytes = 0;
    let checksum = 0;
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      checksum = crc32(chunk.subarray(0, count), checksum);
      bytes += count;
    }
    return { bytes, crc32: checksum };
  } finally {
    closeSync(file);
  }
}

/** Writes the files of a segment that are no Parquet; what `meta.json` says of them. */
export function writeHelperFiles(
  directory: string,
  contents: readonly (readonly [name: string, content: Uint8Array | string])[],
): Record<string, SegmentFileMeta> {
  const files: Record<string, SegmentFileMeta> = {};
  for (const [name, content] of contents) {
    writeFileSync(join(directory, name), content);
    files[name] = writtenFile(join(directory, name));
  }
  return files;
}
