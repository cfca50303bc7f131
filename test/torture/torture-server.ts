/** The built program under torture: ended with the test, watched through /proc, sent to until it takes. */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { Sender } from "../../bench/senders.ts";
import { createHttpSender, RetryableRefusal } from "../../bench/senders.ts";
import type { ServerProcess, StartingServer } from "../helpers/server-process.ts";
import { getJson, spawnServerProcess } from "../helpers/server-process.ts";

/** How long an exporter would wait; shorter here, so that the end of an outage is seen at once. */
const RETRY_MILLIS = 50;
/** Traces on one page of a list. */
const PAGE_SIZE = 1_000;

/** Starts a server that does not outlive the running test. */
export function spawnServer(dataFolder: string, extraArguments: readonly string[] = []): StartingServer {
  const server = spawnServerProcess(dataFolder, extraArguments);
  onTestFinished(async () => {
    server.child.kill("SIGKILL");
    await server.ended;
  });
  return server;
}

/** The same, once it takes spans. */
export function startServer(
  dataFolder: string,
  extraArguments: readonly string[] = [],
): Promise<ServerProcess> {
  return spawnServer(dataFolder, extraArguments).ready;
}

/** A sender that is closed with the running test. */
export function httpSender(server: ServerProcess, connections = 4): Sender {
  const sender = createHttpSender(server.otlpHttp, connections);
  onTestFinished(() => sender.close());
  return sender;
}

/** Sends until the server takes the body, as exporters do; the number of refusals on the way. */
export async function sendUntilTaken(sender: Sender, bytes: Uint8Array): Promise<number> {
  for (let refusals = 0; ; refusals++) {
    const isTaken = await sender.send({ bytes, isGzip: false }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RetryableRefusal) return false;
        throw error;
      },
    );
    if (isTaken) return refusals;
    await sleep(RETRY_MILLIS);
  }
}

/** A line of a trace list. */
export interface ListedTrace {
  readonly traceId: string;
  readonly spanCount: number;
}

/** Spans of every stored trace as the lists tell them; throws when a list names a trace twice. */
export async function listedTraces(server: Pick<ServerProcess, "ui">): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  let token = "";
  do {
    const after = token === "" ? "" : `&pageToken=${encodeURIComponent(token)}`;
    const page = await getJson<{ traces: readonly ListedTrace[]; nextPageToken: string }>(
      server.ui,
      `/api/v1/traces?pageSize=${PAGE_SIZE}${after}`,
    );
    for (const { traceId, spanCount } of page.traces) {
      if (found.has(traceId)) throw new Error(`trace ${traceId} is listed twice`);
      found.set(traceId, spanCount);
    }
    token = page.nextPageToken;
  } while (token !== "");
  return found;
}

/** Spans of all services together, as the statistics tell them. */
export async function countedSpans(server: Pick<ServerProcess, "ui">): Promise<number> {
  const { services } = await getJson<{ services: readonly { spanCount: number }[] }>(
    server.ui,
    "/api/v1/statistics/services",
  );
  return services.reduce((sum, { spanCount }) => sum + spanCount, 0);
}

/** Spans that the live statistics count. */
export async function liveSpans(server: Pick<ServerProcess, "ui">): Promise<number> {
  const { rows } = await getJson<{ rows: readonly { spanCount: number }[] }>(
    server.ui,
    "/api/v1/red?groupBy=service",
  );
  return rows.reduce((sum, { spanCount }) => sum + spanCount, 0);
}

/** Metrics without labels, by name. */
export async function metricsOf(server: Pick<ServerProcess, "ui">): Promise<Record<string, number>> {
  const text = await (await fetch(new URL("/metrics", server.ui))).text();
  return Object.fromEntries(
    [...text.matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [name!, Number(value)]),
  );
}

/** Memory of a process that is in RAM, now and at its highest, in bytes. */
export function residentBytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]);
  return { now: kibibytes("VmRSS") * 1_024, peak: kibibytes("VmHWM") * 1_024 };
}

/** `512 MiB`. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** Value below which the given share of the sorted numbers lies. */
export function quantileOf(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
