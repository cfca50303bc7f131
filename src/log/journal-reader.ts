/** Entries of the data files in order, over damage, without holding more than a window of a file. */

import type { FileLayer, OpenFile } from "../io/file-layer.ts";
import type { LogEntry } from "./ingest-log.ts";
import type { LogFile } from "./log-file.ts";
import { FILE_HEADER_BYTES } from "./record-format.ts";
import { scanRecords } from "./record-scanner.ts";

/** Positions a file should hold and does not: `[fromPosition, toPosition)`. */
export interface Gap {
  readonly path: string;
  readonly fromPosition: number;
  readonly toPosition: number;
}

/** Where entries come from. */
export interface EntrySource {
  readonly files: FileLayer;
  /** The first data file with a position after `position`, if any. */
  readonly fileAfter: (position: number) => LogFile | undefined;
  readonly onGap: (gap: Gap) => void;
}

/** Entries with positions in `[from, end)`, oldest first; what was let go or is damaged is left out. */
export async function* readEntries(
  source: EntrySource,
  from: number,
  end: number,
): AsyncGenerator<LogEntry, void, undefined> {
  let position = from;
  while (position < end) {
    const log = source.fileAfter(position);
    if (log === undefined || log.firstPosition >= end) return;
    const limit = Math.min(end, log.nextPosition);
    const file = await openIfThere(source, log);
    if (file !== undefined) {
      try {
        yield* readFile(source, log, file, position, limit);
      } finally {
        await file.close();
      }
    }
    position = Math.max(position, limit);
  }
}

async function* readFile(
  source: EntrySource,
  log: LogFile,
  file: OpenFile,
  from: number,
  limit: number,
): AsyncGenerator<LogEntry, void, undefined> {
  const start = log.nearest(from) ?? { position: log.firstPosition, offset: FILE_HEADER_BYTES };
  let expected = start.position;
  const report = (found: number): void => {
    const gap = {
      path: log.path,
      fromPosition: Math.max(expected, from),
      toPosition: Math.min(found, limit),
    };
    if (gap.fromPosition < gap.toPosition && !log.retired) source.onGap(gap);
  };
  const goOn = (): boolean => expected < limit && !log.retired;
  for await (const record of scanRecords(file, log.number, start.offset, log.endOffset, goOn)) {
    const { header, payload, offset } = record;
    // A walk over damage may meet bytes of a position already past; they are not the record.
    if (header.position < expected) continue;
    report(header.position);
    expected = header.position + 1;
    if (header.position >= limit) return;
    log.note(header.position, offset);
    if (header.position >= from) {
      const { arrivalUnixMillis, encoding, position } = header;
      yield { position, arrivalUnixMillis, encoding, payload };
    }
    if (expected >= limit) return;
  }
  report(limit);
}

/** A file that somebody removed is a gap like any other damage; other failures to open are the caller's. */
async function openIfThere(source: EntrySource, log: LogFile): Promise<OpenFile | undefined> {
  try {
    return await source.files.open(log.path, "read");
  } catch (error) {
    if (log.retired) return undefined;
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    source.onGap({ path: log.path, fromPosition: log.firstPosition, toPosition: log.nextPosition });
    return undefined;
  }
}
