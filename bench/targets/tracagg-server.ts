/** TracAgg itself as a process of its own. */

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startChild } from "../machine/child-process.ts";
import { watchProcess } from "../machine/process-readings.ts";
import type { Target, TargetKind } from "./target.ts";

/** Seldom enough to cost the server little beside a seal. */
const SETTLE_POLL_MILLIS = 100;
const MAX_SETTLE_MILLIS = 600_000;
/** A seal may end just before the next begins; one quiet look is not enough. */
const QUIET_POLLS = 2;

/** Name of its rows. */
export const TRACAGG_NAME = "TracAgg";

/** A started server. */
export interface TracAggServer extends Target {
  /** URL of the API. */
  readonly ui: string;
  readonly endpoints: { readonly grpc: string; readonly http: string };
  /** From the start of the process until it takes spans and answers. */
  readonly readyMillis: number;
  /** Resolves once no merge of segments is under way or due either, with the segments that went into others. */
  merged(): Promise<number>;
}

interface ReadyLine {
  readonly ui: string;
  readonly otlpGrpc: string;
  readonly otlpHttp: string;
}

/** TracAgg on a core; its options follow TRACAGG_* variables, as always. */
export function tracAggKind(core: number | undefined): TargetKind {
  return {
    name: TRACAGG_NAME,
    protocols: ["http", "grpc"],
    start: (dataFolder) => startTracAgg(dataFolder, core),
    dataFolder: (given) => given,
  };
}

/** Starts `tracagg start` on free ports over a data folder. */
export async function startTracAgg(dataFolder: string, core: number | undefined): Promise<TracAggServer> {
  const startMillis = performance.now();
  const command = [process.execPath, ...startArguments(dataFolder)] as const;
  const child = startChild(command, { core, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = await readyLine(child);
  const readyMillis = performance.now() - startMillis;
  const watch = watchProcess(child.pid as number);
  return {
    ui: ready.ui,
    endpoints: { grpc: ready.otlpGrpc, http: ready.otlpHttp },
    readyMillis,
    readings: () => watch.readings(),
    settled: async () => {
      await untilQuiet(ready.ui, { withMerging: false });
      return undefined;
    },
    merged: async () => {
      await untilQuiet(ready.ui, { withMerging: true });
      return storeGauge(await metricsOf(ready.ui), "compacted_segments");
    },
    stop: async () => {
      child.kill("SIGTERM");
      const code = await ended;
      watch.close();
      if (code !== 0) throw new Error(`the server ended with exit code ${code}`);
      return watch.readings();
    },
  };
}

function startArguments(dataFolder: string): string[] {
  const main = fileURLToPath(new URL("../../src/cli/main.cjs", import.meta.url));
  const ports = ["", "otlp-grpc-", "otlp-http-", "zipkin-", "jaeger-grpc-"].flatMap((name) => [
    `--${name}port`,
    "0",
  ]);
  // A stop seals whatever is left, and all of that belongs to the figures.
  const patience = ["--shutdown-timeout", "10m"];
  return [main, "start", "--json", "--data", dataFolder, ...ports, ...patience, "--log-level", "warn"];
}

function readyLine(child: ChildProcess): Promise<ReadyLine> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(JSON.parse(text.slice(0, text.indexOf("\n"))) as ReadyLine);
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the server ended before it was ready, exit code ${code}`)),
    );
  });
}

/** What the store says of its work in the background. */
export interface StoreActivity {
  readonly isBusy: boolean;
  readonly hotSpans: number;
}

/** Reads the text of `/metrics`; gauges that a store does not have count as idle. */
export function storeActivity(
  metrics: string,
  work: { readonly withMerging: boolean } = { withMerging: true },
): StoreActivity {
  const isMerging = work.withMerging && storeGauge(metrics, "compacting") > 0;
  return {
    isBusy: storeGauge(metrics, "sealing") > 0 || isMerging,
    hotSpans: storeGauge(metrics, "hot_spans"),
  };
}

function storeGauge(metrics: string, name: string): number {
  return Number(new RegExp(`^tracagg_store_${name} (\\S+)$`, "m").exec(metrics)?.[1] ?? 0);
}

async function metricsOf(ui: string): Promise<string> {
  return await (await fetch(new URL("/metrics", ui))).text();
}

/** Whatever the store's sizes are: quiet is when nothing runs and no span has left memory since the last look. */
async function untilQuiet(ui: string, work: { readonly withMerging: boolean }): Promise<void> {
  const deadlineMillis = performance.now() + MAX_SETTLE_MILLIS;
  let hotSpans = -1;
  let quietPolls = 0;
  while (performance.now() < deadlineMillis) {
    const now = storeActivity(await metricsOf(ui), work);
    quietPolls = !now.isBusy && now.hotSpans === hotSpans ? quietPolls + 1 : 0;
    if (quietPolls === QUIET_POLLS) return;
    hotSpans = now.hotSpans;
    await sleep(SETTLE_POLL_MILLIS);
  }
  throw new Error(`sealing or merging did not end within ${MAX_SETTLE_MILLIS} ms`);
}
