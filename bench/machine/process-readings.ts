/** CPU time and memory of a process, read from outside through /proc. */

import { readFileSync } from "node:fs";

/** Linux counts CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100 everywhere Node runs). */
const TICK_SECONDS = 0.01;
/** Seldom enough to cost nothing that shows, often enough that an ending process loses less than 20 ms of its time. */
const SAMPLE_MILLIS = 20;
const KIB = 1_024;

/** What /proc says of a process. */
export interface ProcessReadings {
  /** User and system time of all its threads since it began. */
  readonly cpuSeconds: number;
  /** Most resident memory since it began. */
  readonly peakRssBytes: number;
  readonly rssBytes: number;
}

/** User and system time in the text of `/proc/PID/stat`; undefined when it is none. */
export function cpuSecondsFromStat(text: string): number | undefined {
  // The second field is the program's name and may hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_SECONDS : undefined;
}

/** Memory in the text of `/proc/PID/status`; undefined when it has none, as of a process that has just ended. */
export function memoryFromStatus(
  text: string,
): Pick<ProcessReadings, "peakRssBytes" | "rssBytes"> | undefined {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1];
  const now = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  if (peak === undefined || now === undefined) return undefined;
  return { peakRssBytes: Number(peak) * KIB, rssBytes: Number(now) * KIB };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended between two looks, or this is no Linux.
    return "";
  }
}

/** Readings of a process that may end at any moment. */
export interface ProcessWatch {
  /** The newest readings, after the end the last ones before it; undefined where there is no /proc. */
  readings(): ProcessReadings | undefined;
  close(): void;
}

/** Looks at a process again and again until closed. */
export function watchProcess(pid: number): ProcessWatch {
  let last: ProcessReadings | undefined;
  const look = () => {
    const cpuSeconds = cpuSecondsFromStat(readText(`/proc/${pid}/stat`));
    const memory = memoryFromStatus(readText(`/proc/${pid}/status`)) ?? last;
    if (cpuSeconds !== undefined && memory !== undefined) last = { ...memory, cpuSeconds };
    return last;
  };
  look();
  const timer = setInterval(look, SAMPLE_MILLIS);
  timer.unref();
  return { readings: look, close: () => clearInterval(timer) };
}
