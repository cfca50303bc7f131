/** What lies in the log folder at start: data files in order, where the durable records end, what can be used again. */

import { join } from "node:path";
import { TracAggError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { FileLayer, OpenFile } from "../io/file-layer.ts";
import type { PooledFile } from "./file-pool.ts";
import { LogFile, logFileName, logFileNumber } from "./log-file.ts";
import type { FileHeader } from "./record-format.ts";
import { decodeFileHeader, FILE_HEADER_BYTES, LOG_FORMAT_VERSION } from "./record-format.ts";
import { scanRecords } from "./record-scanner.ts";

/** What recovery needs. */
export interface RecoveryOptions {
  readonly files: FileLayer;
  readonly directory: string;
  readonly logger: Logger;
}

/** The log as recovered. */
export interface RecoveredLog {
  /** Data files with records, oldest first. */
  readonly dataFiles: readonly LogFile[];
  /** Files without a record of their own, numbers ascending. */
  readonly unusedFiles: readonly PooledFile[];
  /** Position the next record gets. */
  readonly nextPosition: number;
  /** Highest file number seen, under any name. */
  readonly highestNumber: number;
}

interface RecordMark {
  readonly position: number;
  readonly durableBefore: number;
  readonly offset: number;
  readonly endOffset: number;
}

/** One file of the folder, by its header; `marks` only where the header is not intact. */
interface FoundFile extends PooledFile {
  readonly header: FileHeader | undefined;
  readonly headerIsBlank: boolean;
  readonly marks: readonly RecordMark[];
}

/** Where the tail of the log ends. */
interface Tail {
  nextPosition: number;
  endOffset: number;
  firstPosition: number | undefined;
  cutRecords: number;
}

/**
 * Reads the headers of all files and walks the last ones to find where the durable records end.
 *
 * A record after a bad place counts only if a later one proves that the bad place had been durable (its group was
 * written when everything before `durableBefore` was on the disk); without such proof the bad place is the torn tail
 * of a write that was never acknowledged, and the log is cut there. Older files are ordered by their headers alone and
 * verified when they are read.
 *
 * @throws TracAggError `failed_precondition` when a file was written by a newer version.
 */
export async function recoverLog(options: RecoveryOptions): Promise<RecoveredLog> {
  const found = await findFiles(options);
  const lastIntact = found.findLast(isIntact)?.number ?? 0;
  const data: LogFile[] = [];
  const unused: FoundFile[] = [];
  let nextPosition = 0;
  for (const file of found) {
    if (file.number < lastIntact) {
      const log = await earlierFile(options, file);
      if (log !== undefined) data.push(log);
    } else {
      const log = await tailFile(options, file, nextPosition, data.length === 0);
      if (log === undefined) unused.push(file);
      else data.push(log);
      nextPosition = log?.nextPosition ?? nextPosition;
    }
  }
  data.forEach((log, index) => {
    const next = data[index + 1];
    if (next !== undefined) log.nextPosition = Math.max(log.firstPosition, next.firstPosition);
  });
  const highestNumber = found.reduce((highest, file) => Math.max(highest, file.number), 0);
  return { dataFiles: data, unusedFiles: await cleanOnes(options, unused), nextPosition, highestNumber };
}

/** Records of a number must not lie about where that number is used again: such files are deleted. */
async function cleanOnes(
  options: RecoveryOptions,
  unused: readonly FoundFile[],
): Promise<readonly PooledFile[]> {
  for (const file of unused) {
    if (file.marks.length > 0) await options.files.remove(join(options.directory, logFileName(file.number)));
  }
  return unused.filter((file) => file.marks.length === 0);
}

async function findFiles(options: RecoveryOptions): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const name of await options.files.list(options.directory)) {
    const number = logFileNumber(name);
    if (number !== undefined) found.push(await inspect(options, name, number));
  }
  return found.sort((one, other) => one.number - other.number);
}

async function inspect(options: RecoveryOptions, name: string, number: number): Promise<FoundFile> {
  const file = await options.files.open(join(options.directory, name), "read");
  try {
    const sizeBytes = await file.sizeBytes();
    const bytes = new Uint8Array(FILE_HEADER_BYTES);
    await file.read(bytes, 0);
    const header = decodeFileHeader(bytes);
    if (header !== undefined && header.version > LOG_FORMAT_VERSION)
      throw newerVersion(options, name, header);
    const marks = header === undefined ? await marksOf(file, number, sizeBytes) : [];
    return { number, sizeBytes, header, headerIsBlank: bytes.every((byte) => byte === 0), marks };
  } finally {
    await file.close();
  }
}

async function marksOf(file: OpenFile, number: number, sizeBytes: number): Promise<readonly RecordMark[]> {
  const marks: RecordMark[] = [];
  for await (const { header, offset, endOffset } of scanRecords(
    file,
    number,
    FILE_HEADER_BYTES,
    sizeBytes,
    () => true,
  )) {
    marks.push({ position: header.position, durableBefore: header.durableBefore, offset, endOffset });
  }
  return marks;
}

/** True when the header says the file holds records under its present name. */
function isIntact(file: FoundFile): boolean {
  return file.header?.fileNumber === file.number;
}

/** A file before the last one with an intact header: its records were durable before that one began. */
async function earlierFile(options: RecoveryOptions, file: FoundFile): Promise<LogFile | undefined> {
  if (isIntact(file)) {
    return new LogFile(
      options.directory,
      file.number,
      (file.header as FileHeader).firstPosition,
      file.sizeBytes,
    );
  }
  const first = file.marks[0];
  const name = logFileName(file.number);
  const path = join(options.directory, name);
  if (first !== undefined) {
    options.logger.error("a log file has a damaged header; its records are served", { path });
    return new LogFile(options.directory, file.number, first.position, file.sizeBytes);
  }
  if (file.header !== undefined || file.headerIsBlank) {
    await options.files.remove(path);
    return undefined;
  }
  options.logger.error("a log file is damaged beyond reading; it is set aside", { path: `${path}.damaged` });
  await options.files.rename(path, `${path}.damaged`);
  return undefined;
}

/** The last file with an intact header, or one after it; undefined when it holds no record that counts. */
async function tailFile(
  options: RecoveryOptions,
  found: FoundFile,
  nextPosition: number,
  isFirst: boolean,
): Promise<LogFile | undefined> {
  const path = join(options.directory, logFileName(found.number));
  const intact = isIntact(found);
  if (!intact && found.marks.length === 0) return undefined;
  const marks = intact ? await marksAt(options.files, path, found) : found.marks;
  const expected = intact
    ? (found.header as FileHeader).firstPosition
    : isFirst
      ? (marks[0] as RecordMark).position
      : nextPosition;
  const tail = tailOf(marks, expected);
  if (tail.cutRecords > 0) {
    options.logger.warn("cut the torn tail of the log: writes that were never acknowledged", {
      path,
      records: tail.cutRecords,
      offset: tail.endOffset,
    });
  }
  if (!intact) {
    if (tail.firstPosition === undefined) return undefined;
    options.logger.error("a log file has a damaged header; its records are served", { path });
  }
  if (tail.firstPosition !== undefined) await sync(options.files, path);
  const firstPosition = intact ? expected : (tail.firstPosition as number);
  const log = new LogFile(options.directory, found.number, firstPosition, found.sizeBytes);
  log.nextPosition = tail.nextPosition;
  log.endOffset = tail.endOffset;
  return log;
}

async function marksAt(files: FileLayer, path: string, found: FoundFile): Promise<readonly RecordMark[]> {
  const file = await files.open(path, "read");
  try {
    return await marksOf(file, found.number, found.sizeBytes);
  } finally {
    await file.close();
  }
}

/**
 * After the end of a process its last writes may be whole and still in memory only. They count from now on, so they must
 * be as durable as the file that follows.
 */
async function sync(files: FileLayer, path: string): Promise<void> {
  const file = await files.open(path, "update");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

function tailOf(marks: readonly RecordMark[], expected: number): Tail {
  const provenBefore = marks.reduce((proven, mark) => Math.max(proven, mark.durableBefore), 0);
  const tail: Tail = {
    nextPosition: expected,
    endOffset: FILE_HEADER_BYTES,
    firstPosition: undefined,
    cutRecords: 0,
  };
  for (const [index, mark] of marks.entries()) {
    if (mark.position < tail.nextPosition) continue;
    if (mark.position > tail.nextPosition && tail.nextPosition >= provenBefore) {
      tail.cutRecords = marks.length - index;
      break;
    }
    tail.firstPosition ??= mark.position;
    tail.nextPosition = mark.position + 1;
    tail.endOffset = mark.endOffset;
  }
  return tail;
}

function newerVersion(options: RecoveryOptions, name: string, header: FileHeader): TracAggError {
  return new TracAggError(
    "failed_precondition",
    `${join(options.directory, name)} has log format version ${header.version}, this TracAgg reads up to ` +
      `${LOG_FORMAT_VERSION}; start the newer TracAgg that wrote it`,
  );
}
