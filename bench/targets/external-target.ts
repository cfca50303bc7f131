/** A backend that somebody else started: sent to, looked at, never stopped. */

import { setTimeout as sleep } from "node:timers/promises";
import { TracAggError } from "../../src/base/errors.ts";
import type { ProcessReadings, ProcessWatch } from "../machine/process-readings.ts";
import { watchProcess } from "../machine/process-readings.ts";
import type { Target, TargetKind } from "./target.ts";

const QUIET_WINDOW_MILLIS = 1_000;
/** Idle servers tick; less than this share of a core is idle. */
const QUIET_CPU_SHARE = 0.03;

/** Where it is and how to look at it. */
export interface ExternalTargetOptions {
  /** `http://host:port`, with a path if it is not `/v1/traces`; `grpc://host:port`. */
  readonly urls: readonly string[];
  readonly pid?: number;
  /** Its data folder, for the disk use. It holds what was there before, too. */
  readonly dataFolder?: string;
  /** Longest wait after the last acknowledgement until it is idle. */
  readonly settleMillis: number;
}

/** Endpoints by transport. @throws TracAggError invalid_argument for other URLs */
export function endpointsFromUrls(urls: readonly string[]): Target["endpoints"] {
  const endpoints: { grpc?: string; http?: string } = {};
  for (const url of urls) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed?.protocol === "http:") endpoints.http = url;
    else if (parsed?.protocol === "grpc:" && parsed.host !== "") endpoints.grpc = parsed.host;
    else {
      throw new TracAggError(
        "invalid_argument",
        `--against: expected http://host:port[/path] or grpc://host:port, got "${url}"`,
      );
    }
  }
  return endpoints;
}

/** @throws TracAggError invalid_argument for other URLs, or a process that cannot be looked at */
export function externalKind(options: ExternalTargetOptions): TargetKind {
  const endpoints = endpointsFromUrls(options.urls);
  return {
    name: options.urls.join(" "),
    protocols: (["http", "grpc"] as const).filter((protocol) => endpoints[protocol] !== undefined),
    start: async () => {
      const watch = options.pid === undefined ? undefined : watchProcess(options.pid);
      if (watch !== undefined && watch.readings() === undefined) {
        throw new TracAggError("invalid_argument", `--pid: no process ${options.pid} under /proc`);
      }
      return {
        endpoints,
        readings: () => watch?.readings(),
        settled: () => untilIdle(watch, options.settleMillis),
        stop: async (): Promise<ProcessReadings | undefined> => {
          watch?.close();
          return watch?.readings();
        },
      };
    },
    dataFolder: () => options.dataFolder,
  };
}

/** It has no metric we know of, so the wait is for a second in which it does next to nothing: then it began with it. */
async function untilIdle(watch: ProcessWatch | undefined, settleMillis: number): Promise<number> {
  let sinceMillis = performance.now();
  const deadlineMillis = sinceMillis + settleMillis;
  let before = watch?.readings()?.cpuSeconds;
  while (before !== undefined && performance.now() < deadlineMillis) {
    await sleep(QUIET_WINDOW_MILLIS);
    const after = watch?.readings()?.cpuSeconds ?? before;
    if ((after - before) * 1_000 < QUIET_CPU_SHARE * QUIET_WINDOW_MILLIS) break;
    before = after;
    sinceMillis = performance.now();
  }
  return sinceMillis;
}
