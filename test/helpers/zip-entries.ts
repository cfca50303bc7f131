/** Reads zip archives (and so jars), as far as those of Maven go: no encryption, no parts, no Zip64. */

import { inflateRawSync } from "node:zlib";

const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;
const DEFLATED = 8;

export interface ZipEntry {
  readonly name: string;
  content(): Buffer;
}

/** The entries of an archive that are files. */
export function zipEntries(archive: Buffer): readonly ZipEntry[] {
  const end = endOf(archive);
  const count = archive.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) =>
      archive.readUInt16LE(at + offset),
    ) as [number, number, number];
    const name = archive.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes);
    const entryAt = at;
    if (!name.endsWith("/")) entries.push({ name, content: () => contentOf(archive, entryAt) });
    at += ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

/** A comment may stand behind it. */
function endOf(archive: Buffer): number {
  for (let at = archive.length - END_BYTES; at >= 0; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error("no zip archive");
}

function contentOf(archive: Buffer, entryAt: number): Buffer {
  const isDeflated = archive.readUInt16LE(entryAt + 10) === DEFLATED;
  const bytes = archive.readUInt32LE(entryAt + 20);
  const header = archive.readUInt32LE(entryAt + 42);
  const start =
    header + LOCAL_HEADER_BYTES + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const stored = archive.subarray(start, start + bytes);
  return isDeflated ? inflateRawSync(stored) : stored;
}
