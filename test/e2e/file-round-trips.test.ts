/** Traces as files: out of one server, into another, by the program itself. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { otlpProtobufFromJson } from "../../src/codec/otlp-json/decode.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { allRows } from "../../src/export/export-batch.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { Span } from "../../src/model/span.ts";
import { throughJaeger, throughZipkin } from "../helpers/format-losses.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { CLI_PATH, startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

const SPANS = 1_000;
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const KINDS = ["SERVER", "CLIENT", "PRODUCER", "CONSUMER", "INTERNAL", "UNSPECIFIED"] as const;
const idOf = (number: number) => (number + 1).toString(16).padStart(16, "0");

/** A tree of a few services with everything that OTLP has; nothing of it is a whole microsecond. */
function spanOf(number: number): Span {
  const start = 1_700_000_000_000_000_000n + BigInt(number) * 1_000_333n;
  const isError = number % 10 === 3;
  return makeSpan({
    traceId: TRACE_ID,
    spanId: idOf(number),
    parentSpanId: number === 0 ? undefined : idOf(Math.floor((number - 1) / 3)),
    name: `operation ${number % 40}`,
    kind: KINDS[number % KINDS.length] as Span["kind"],
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(number % 7) * 777_777n,
    status: isError ? "ERROR" : number % 10 === 4 ? "OK" : "UNSET",
    statusMessage: isError ? "no stock" : "",
    attributes: {
      "shop.text": `größe ${number}`,
      "shop.count": BigInt(number),
      "shop.share": number + 0.5,
      "shop.isNew": number % 2 === 0,
      "shop.list": ["a", BigInt(number)],
      "shop.bytes": new Uint8Array([number % 256, 7]),
    },
    events: [
      { name: "began", timeUnixNano: start + 5n, attributes: {}, droppedAttributesCount: 1 },
      { name: "paid", timeUnixNano: start + 1_999n, attributes: { amount: 12n }, droppedAttributesCount: 0 },
    ],
    links: [
      {
        traceId: "f".repeat(32),
        spanId: idOf(number + 5_000),
        traceState: "a=b",
        attributes: { why: "batch" },
        droppedAttributesCount: 2,
        flags: 1,
      },
    ],
    resource: {
      attributes: { "service.name": `service-${number % 5}`, "shop.zone": "eu", "shop.cores": 4n },
      droppedAttributesCount: 1,
      schemaUrl: "https://opentelemetry.io/schemas/1.30.0",
    },
    scope: {
      name: "shop",
      version: "1.2",
      attributes: { "lib.fast": true },
      droppedAttributesCount: 0,
      schemaUrl: "",
    },
    traceState: "vendor=1",
    flags: 1,
    droppedEventsCount: number % 3,
  });
}

const sent = Array.from({ length: SPANS }, (_, number) => spanOf(number));
const folder = temporaryFolder();
let source: ServerProcess;

beforeAll(async () => {
  source = await startServerProcess(join(folder.path));
  const headers = { "content-type": "application/x-protobuf" };
  const body = new Uint8Array(encodeSpans(sent));
  const response = await fetch(new URL("/v1/traces", source.otlpHttp), { method: "POST", headers, body });
  expect(response.status).toBe(200);
});

afterAll(async () => {
  await source.stop();
  folder.remove();
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function tracagg(args: readonly string[], input: Uint8Array | string = ""): Promise<Ran> {
  const child = spawn(process.execPath, [CLI_PATH, ...args], { cwd: folder.path });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

const byId = (left: Span, right: Span): number => (left.spanId < right.spanId ? -1 : 1);

async function spansAt(server: ServerProcess): Promise<Span[]> {
  const response = await fetch(new URL(`/api/v1/traces/${TRACE_ID}?format=otlp`, server.ui));
  const { payload } = otlpProtobufFromJson(new Uint8Array(await response.arrayBuffer()));
  return allRows(new OtlpRequestDecoder(), payload).map(spanFromRow).sort(byId);
}

async function inAnotherServer(use: (server: ServerProcess) => Promise<void>): Promise<void> {
  const own = temporaryFolder();
  const server = await startServerProcess(own.path);
  try {
    await use(server);
  } finally {
    await server.stop();
    own.remove();
  }
}

/** Nothing is lost. */
const throughOtlp = (span: Span): Span => span;

describe.each([
  ["otlp", throughOtlp],
  ["jaeger", throughJaeger],
  ["zipkin", throughZipkin],
] as const)("a trace of 1,000 spans as %s", (format, through) => {
  it("goes into a file and into another server, the same but for the losses that are listed", async () => {
    const file = join(folder.path, `${format}.json`);
    const exported = await tracagg([
      "export",
      TRACE_ID,
      "--format",
      format,
      "-o",
      file,
      "--server",
      source.ui,
    ]);
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    await inAnotherServer(async (server) => {
      const imported = await tracagg(["import", file, "--server", server.ui]);
      expect(JSON.parse(imported.stdout)).toMatchObject({ spans: SPANS, refused: 0 });
      expect(await spansAt(server)).toEqual(sent.map(through));
    });
  });
});

describe("tracagg import", () => {
  it("takes gzip from a pipe", async () => {
    const file = join(folder.path, "piped.jsonl");
    await tracagg(["export", TRACE_ID, "-o", file, "--server", source.ui]);
    await inAnotherServer(async (server) => {
      const imported = await tracagg(["import", "-", "--server", server.ui], gzipSync(readFileSync(file)));
      expect(imported).toMatchObject({ code: 0, stderr: "" });
      expect(await spansAt(server)).toEqual(sent);
    });
  });

  it.each([
    ['{"resourceSpans":[]}\nnot json\n', "bad.jsonl, line 2: expected a JSON document"],
    ['{"resourceSpans":[]}\n{"data":[{"spans":7}]}\n', "bad.jsonl, document at line 2: data[0].spans"],
    ['{\n"data": [\n', "bad.jsonl, expected JSON"],
  ])("says where a file is wrong", async (text, words) => {
    writeFileSync(join(folder.path, "bad.jsonl"), text);
    const ran = await tracagg(["import", "bad.jsonl", "--server", source.ui]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(words);
  });
});
