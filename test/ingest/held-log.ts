/** A log whose disk a test holds back or breaks. */

import { TracAggError } from "../../src/base/errors.ts";
import type { IngestLog, LogRecord } from "../../src/log/ingest-log.ts";
import { createMemoryLog } from "../../src/log/memory-log.ts";

/** What a test does to the disk under the log. */
export interface HeldLog extends IngestLog {
  /** Records asked for so far. */
  readonly appended: readonly LogRecord[];
  /** From now on answers wait for `letGo`. */
  hold(): void;
  letGo(): void;
  /** From now on the log says that its disk is so far behind. */
  fallBehind(lagMillis: number): void;
  /** From now on, or until told otherwise, appends are refused as on a full disk. */
  breakDisk(isBroken: boolean): void;
  /** Resolves once this many appends were asked for. */
  untilAppended(count: number): Promise<void>;
}

/** A memory log with one reader, so that it keeps its records, behind a gate. */
export async function createHeldLog(): Promise<HeldLog> {
  const log = createMemoryLog({ readers: ["store"] });
  await log.start();
  const appended: LogRecord[] = [];
  let isBroken = false;
  let gate: Promise<void> = Promise.resolve();
  let open = (): void => {};
  let onAppend = (): void => {};
  let heldMillis = 0;
  return {
    appended,
    lagMillis: () => heldMillis,
    fallBehind: (lagMillis) => {
      heldMillis = lagMillis;
    },
    hold: () => {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    letGo: () => open(),
    breakDisk: (broken) => {
      isBroken = broken;
    },
    untilAppended: async (count) => {
      while (appended.length < count) {
        await new Promise<void>((resolve) => {
          onAppend = resolve;
        });
      }
    },
    append: async (record) => {
      appended.push(record);
      onAppend();
      if (isBroken) {
        throw new TracAggError("unavailable", "no space left on the data disk", { retryAfterMillis: 5_000 });
      }
      const waitFor = gate;
      const position = await log.append(record);
      await waitFor;
      return position;
    },
    read: (fromPosition) => log.read(fromPosition),
    release: (readerName, position) => log.release(readerName, position),
    persistReleases: () => log.persistReleases(),
    positionOf: (readerName) => log.positionOf(readerName),
    start: () => log.start(),
    stop: () => log.stop(),
    nextPosition: () => log.nextPosition(),
    bytesAfter: (position) => log.bytesAfter(position),
    gauges: () => log.gauges(),
  };
}
