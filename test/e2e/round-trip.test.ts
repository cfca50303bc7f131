/** OTLP in, OTLP out, field by field: over every transport, before and after seal and restart. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import fc from "fast-check";
import type { Type } from "protobufjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeOtlpRequest, otlpRequestArbitrary } from "../helpers/otlp-arbitrary.ts";
import type { CanonicalSpan } from "../helpers/otlp-canonical.ts";
import {
  canonicalFromJson,
  canonicalFromProtobuf,
  jsonFromProtobuf,
  loadRequestType,
} from "../helpers/otlp-canonical.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { getJson, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

const CORPUS = process.env["TRACAGG_CORPUS"] ?? "../shared/corpus/otel-demo";
const GENERATED_REQUESTS = 2_000;
const TRANSPORTS = ["grpc", "http/protobuf", "http/json"] as const;
type Transport = (typeof TRANSPORTS)[number];

let type: Type;

beforeAll(async () => {
  type = await loadRequestType();
});

async function sendAll(server: ServerProcess, transport: Transport, payloads: readonly Uint8Array[]) {
  if (transport === "grpc") return sendOverGrpc(server, payloads);
  const isJson = transport === "http/json";
  for (const payload of payloads) {
    const response = await fetch(new URL("/v1/traces", server.otlpHttp), {
      method: "POST",
      headers: { "content-type": isJson ? "application/json" : "application/x-protobuf" },
      body: isJson ? jsonFromProtobuf(type, payload) : new Uint8Array(payload),
    });
    const answer = Buffer.from(await response.arrayBuffer()).toString();
    expect([response.status, answer]).toEqual([200, isJson ? "{}" : ""]);
  }
}

async function sendOverGrpc(server: ServerProcess, payloads: readonly Uint8Array[]) {
  const client = new Client(server.otlpGrpc, credentials.createInsecure());
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  for (const payload of payloads) {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest<Uint8Array, Buffer>(
        path,
        (bytes) => Buffer.from(bytes),
        (bytes) => bytes,
        payload,
        (error, bytes) => (error === null ? resolve(bytes as Buffer) : reject(error)),
      );
    });
    expect(answer).toHaveLength(0);
  }
  client.close();
}

function byTrace(spans: readonly CanonicalSpan[]): Map<string, CanonicalSpan[]> {
  const traces = new Map<string, CanonicalSpan[]>();
  for (const span of spans) {
    const traceId = span.span["traceId"] as string;
    traces.set(traceId, [...(traces.get(traceId) ?? []), span]);
  }
  return traces;
}

const inOrder = (spans: readonly CanonicalSpan[]) => spans.map((span) => JSON.stringify(span)).sort();

/** Every trace fetched as OTLP, a few at a time; the spans found. */
async function expectAllFound(server: ServerProcess, sent: readonly CanonicalSpan[]): Promise<number> {
  const waiting = [...byTrace(sent)];
  let found = 0;
  const fetcher = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [traceId, spans] = next;
      const path = `/api/v1/traces/${traceId}?format=otlp`;
      const given = canonicalFromJson(await getJson<Record<string, unknown>>(server.ui, path));
      expect(inOrder(given)).toEqual(inOrder(spans));
      found += given.length;
    }
  };
  await Promise.all(Array.from({ length: 4 }, fetcher));
  return found;
}

async function roundTrip(transport: Transport, payloads: readonly Uint8Array[]): Promise<[number, number]> {
  const folder = temporaryFolder();
  const sent = payloads.flatMap((payload) => canonicalFromProtobuf(type, payload));
  try {
    const first = await startServerProcess(folder.path);
    await sendAll(first, transport, payloads);
    const before = await expectAllFound(first, sent);
    expect(await first.stop()).toBe(0);
    const second = await startServerProcess(folder.path);
    const after = await expectAllFound(second, sent);
    expect(await second.stop()).toBe(0);
    return [before, after];
  } finally {
    folder.remove();
  }
}

const hasCorpus = existsSync(CORPUS);
if (!hasCorpus) console.warn(`skipped: no recorded corpus in ${CORPUS}; set TRACAGG_CORPUS to its folder`);

describe.skipIf(!hasCorpus)("the recorded shop (skipped without its corpus)", () => {
  it.each(TRANSPORTS)("comes back equal over %s, hot and sealed", async (transport) => {
    const payloads = readdirSync(CORPUS)
      .filter((name) => name.endsWith(".bin"))
      .map((name) => new Uint8Array(readFileSync(join(CORPUS, name))));
    expect(payloads).toHaveLength(101);
    expect(await roundTrip(transport, payloads)).toEqual([4_743, 4_743]);
  });
});

describe("generated requests that fill every field", () => {
  let payloads: Uint8Array[] = [];

  beforeAll(() => {
    payloads = fc
      .sample(otlpRequestArbitrary(), { numRuns: GENERATED_REQUESTS, seed: 20 })
      .map((request) => encodeOtlpRequest(type, request));
  });

  afterAll(() => {
    payloads = [];
  });

  it.each(TRANSPORTS)("come back equal over %s, hot and sealed", async (transport) => {
    const [before, after] = await roundTrip(transport, payloads);
    expect(before).toBeGreaterThan(GENERATED_REQUESTS / 2);
    expect(after).toBe(before);
  });
});
