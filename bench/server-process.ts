/** The server under test as a process of its own, watched from outside through /proc. */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** Linux counts CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100 everywhere Node runs). */
const TICK_SECONDS = 0.01;
const SAMPLE_MILLIS = 20;
/** Seldom enough to cost the server nothing that shows. */
const SETTLE_POLL_MILLIS = 250;

/** The last readings of a process. */
export interface ProcessReadings {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** A started server. */
export interface BenchServer {
  readonly ui: string;
  readonly otlpGrpc: string;
  readonly otlpHttp: string;
  readings(): ProcessReadings;
  /** Resolves once no seal is due or running, so that a stop has one seal left at most. */
  settled(): Promise<void>;
  /** SIGTERM, then waits for the end; the readings are the last before it. Rejects when it does not exit with 0. */
  stop(): Promise<ProcessReadings>;
}

function readProcess(pid: number): ProcessReadings | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    if (peak === null) return undefined;
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS,
      peakRssBytes: Number(peak[1]) * 1_024,
    };
  } catch {
    // The process has ended between two looks.
    return undefined;
  }
}

/** Starts `tracagg start` on free ports over `dataFolder`. */
export async function startServerProcess(dataFolder: string): Promise<BenchServer> {
  const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
  const args = [
    "start",
    "--json",
    "--data",
    dataFolder,
    "--port",
    "0",
    "--otlp-grpc-port",
    "0",
    "--otlp-http-port",
    "0",
  ];
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ready = await readyLine(child);
  let last: ProcessReadings = { cpuSeconds: 0, peakRssBytes: 0 };
  const sample = () => {
    last = readProcess(child.pid as number) ?? last;
    return last;
  };
  const timer = setInterval(sample, SAMPLE_MILLIS);
  timer.unref();
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    ...ready,
    readings: sample,
    settled: () => untilSettled(ready.ui),
    stop: async () => {
      child.kill("SIGTERM");
      const code = await ended;
      clearInterval(timer);
      if (code !== 0) throw new Error(`the server ended with exit code ${code}`);
      return last;
    },
  };
}

/** A seal begins at `store.lake.sealBytes` (128 MiB), and its spans count as hot until it is done. */
const SEAL_BYTES = 128 * 1024 * 1024;
const MAX_SETTLE_MILLIS = 120_000;

async function untilSettled(ui: string): Promise<void> {
  const deadlineMillis = performance.now() + MAX_SETTLE_MILLIS;
  while (performance.now() < deadlineMillis) {
    const text = await (await fetch(new URL("/metrics", ui))).text();
    const hotBytes = Number(/^tracagg_store_hot_bytes (\S+)$/m.exec(text)?.[1]);
    if (hotBytes < SEAL_BYTES) return;
    await sleep(SETTLE_POLL_MILLIS);
  }
  throw new Error(`sealing did not end within ${MAX_SETTLE_MILLIS} ms`);
}

interface ReadyLine {
  readonly ui: string;
  readonly otlpGrpc: string;
  readonly otlpHttp: string;
}

function readyLine(child: ChildProcess): Promise<ReadyLine> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(JSON.parse(text.slice(0, text.indexOf("\n"))) as ReadyLine);
    });
    child.once("exit", (code) =>
      reject(new Error(`the server ended before it was ready, exit code ${code}`)),
    );
  });
}

/** Sizes of all files below a folder. */
export function folderBytes(folder: string): number {
  let total = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) total += folderBytes(path);
    else if (entry.isFile()) total += statSync(path).size;
  }
  return total;
}
