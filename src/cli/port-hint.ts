/** Which flag to change when a port is taken, and to what. */

import { createServer } from "node:net";
import { TracAggError } from "../base/errors.ts";
import type { OptionKey, TracAggConfig } from "../config/config.ts";
import { namesOf } from "./config-flags.ts";

/** Ports looked at after the one that is taken. */
const MAX_TRIES = 100;
const MAX_PORT = 65_535;

function portsOf({ server, receivers, api, sampling }: TracAggConfig): ReadonlyMap<number, OptionKey> {
  return new Map<number, OptionKey>([
    [server.port, "server.port"],
    [api.tempo.port, "api.tempo.port"],
    [api.zipkin.port, "api.zipkin.port"],
    [api.jaeger.grpc.port, "api.jaeger.grpc.port"],
    [receivers.jaeger.http.port, "receivers.jaeger.http.port"],
    [receivers.jaeger.grpc.port, "receivers.jaeger.grpc.port"],
    [sampling.http.port, "sampling.http.port"],
    [sampling.grpc.port, "sampling.grpc.port"],
    [receivers.otlp.grpc.port, "receivers.otlp.grpc.port"],
    [receivers.otlp.http.port, "receivers.otlp.http.port"],
  ]);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

/** The first free port after `port` that the configuration does not use itself; undefined when none is near. */
export async function nextFreePort(port: number, config: TracAggConfig): Promise<number | undefined> {
  const own = portsOf(config);
  const last = Math.min(port + MAX_TRIES, MAX_PORT);
  for (let candidate = port + 1; candidate <= last; candidate++) {
    if (!own.has(candidate) && (await isFree(candidate, config.server.host))) return candidate;
  }
  return undefined;
}

/** The error of a port that is taken, with the flag to change and the next free port; any other error as it is. */
export async function withFreePort(error: TracAggError, config: TracAggConfig): Promise<TracAggError> {
  const match = /cannot listen on .*:(\d+): another program has it/.exec(error.message);
  const port = Number(match?.[1]);
  const key = portsOf(config).get(port);
  if (match === null || key === undefined) return error;
  const free = await nextFreePort(port, config);
  const offer = free === undefined ? "0 picks a free one" : `${free} is free, 0 picks one`;
  const message = `port ${port} (${key}) is taken by another program; choose another with ${namesOf(key)}: ${offer}`;
  return new TracAggError("failed_precondition", message, { cause: error });
}
