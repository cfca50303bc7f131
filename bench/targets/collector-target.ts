/** The OpenTelemetry Collector that decodes OTLP and keeps nothing: the yardstick of ingest. */

import type { ChildProcess } from "node:child_process";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild } from "../machine/child-process.ts";
import { watchProcess } from "../machine/process-readings.ts";
import { COLLECTOR_FOLDER } from "./collector-build.ts";
import type { Target, TargetKind } from "./target.ts";

const HOST = "127.0.0.1";
const CONNECT_POLL_MILLIS = 20;
const MAX_START_MILLIS = 20_000;

/** Name of its rows. */
export const COLLECTOR_NAME = "Collector to nowhere";

/** A built Collector on a core. */
export function collectorKind(program: string, core: number | undefined): TargetKind {
  return {
    name: COLLECTOR_NAME,
    protocols: ["http", "grpc"],
    start: () => startCollector(program, core),
    dataFolder: () => undefined,
  };
}

async function startCollector(program: string, core: number | undefined): Promise<Target> {
  const grpcPort = await freePort();
  const httpPort = await freePort();
  const config = `file:${join(COLLECTOR_FOLDER, "config.yaml")}`;
  const env = {
    ...process.env,
    BENCH_OTLP_GRPC_PORT: String(grpcPort),
    BENCH_OTLP_HTTP_PORT: String(httpPort),
  };
  const command = [program, "--config", config] as const;
  const child = startChild(command, { core, stdio: ["ignore", "ignore", "inherit"], env });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await untilListening(child, [grpcPort, httpPort]);
  const watch = watchProcess(child.pid as number);
  return {
    endpoints: { grpc: `${HOST}:${grpcPort}`, http: `http://${HOST}:${httpPort}` },
    readings: () => watch.readings(),
    // It keeps nothing, so nothing is left to do.
    settled: async () => performance.now(),
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      watch.close();
      return watch.readings();
    },
  };
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function untilListening(child: ChildProcess, ports: readonly number[]): Promise<void> {
  const deadlineMillis = performance.now() + MAX_START_MILLIS;
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  for (const port of ports) {
    while (!(await isListening(port))) {
      failure ??=
        child.exitCode === null
          ? undefined
          : new Error(`the Collector ended with exit code ${child.exitCode}`);
      if (performance.now() > deadlineMillis) failure ??= new Error("the Collector does not listen");
      if (failure !== undefined) {
        child.kill("SIGKILL");
        throw failure;
      }
      await sleep(CONNECT_POLL_MILLIS);
    }
  }
}

function isListening(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  return new Promise((resolve) => {
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
