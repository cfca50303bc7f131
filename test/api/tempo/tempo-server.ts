/** A whole server with the Tempo API on a port of its own, over memory. */

import { expect } from "vitest";
import { encodeSpans } from "../../../src/codec/otlp-protobuf/encode-request.ts";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { Span } from "../../../src/model/span.ts";
import type { RunningServer } from "../../../src/server.ts";
import { startServer } from "../../../src/server.ts";
import { FREE_PORTS } from "../../helpers/free-ports.ts";

const FLAGS = {
  ...FREE_PORTS,
  "api.tempo.port": "0",
  "store.type": "memory",
};

/** Reads of a metric before it is given up: a read takes some milliseconds. */
const MAX_READS = 1_000;

export interface TempoServer {
  /** Address of the Tempo API. */
  readonly url: string;
  /** A number of `/metrics`, by name and labels; 0 when it is not there yet. */
  metric(name: string): Promise<number>;
  /** Resolves when a number of `/metrics` is that. */
  until(name: string, value: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server with spans. */
export async function startTempoServer(spans: readonly Span[]): Promise<TempoServer> {
  const server = await startServer({ config: loadConfig({ flags: FLAGS, env: {}, cwd: "/" }).config });
  await send(server, spans);
  const url = server.tempo as string;
  const metric = (name: string) => metricOf(url, name);
  return {
    url,
    metric,
    until: async (name, value) => {
      for (let reads = 0; (await metric(name)) !== value; reads++) {
        if (reads === MAX_READS) throw new Error(`${name} does not become ${value}`);
      }
    },
    stop: () => server.stop(),
  };
}

async function send(server: RunningServer, spans: readonly Span[]): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  for (let at = 0; at < spans.length; at += 5_000) {
    const body = encodeSpans(spans.slice(at, at + 5_000)) as Uint8Array<ArrayBuffer>;
    const answer = await fetch(`${server.otlpHttp}/v1/traces`, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
  }
}

async function metricOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}
