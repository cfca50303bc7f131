import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { RequestBatch } from "../../src/cli/import/request-batches.ts";
import { joinedBatches, requestBatches } from "../../src/cli/import/request-batches.ts";
import type { TraceDocument } from "../../src/cli/import/trace-documents.ts";
import { traceDocuments } from "../../src/cli/import/trace-documents.ts";
import { traceFormatOf } from "../../src/cli/import/trace-format.ts";
import { createOtlpSender } from "../../src/cli/otlp-sender.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { encodeExportResponse } from "../../src/codec/otlp-protobuf/responses.ts";
import { captureContext } from "./cli-harness.ts";

async function* streamOf<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function documents(text: string): Promise<TraceDocument[]> {
  return collect(traceDocuments(streamOf(text.split("\n"))));
}

it("takes every line for a document when the first is one", async () => {
  const read = await documents('\n{"a":1}\n\n[2]\n');
  expect(read.map(({ value, line }) => [line, value])).toEqual([
    [2, { a: 1 }],
    [4, [2]],
  ]);
});

it("takes all lines for one document otherwise", async () => {
  expect((await documents('{\n"a":\n\n1}\n')).map(({ value }) => value)).toEqual([{ a: 1 }]);
});

it("names the line that is no document", async () => {
  await expect(documents('{"a":1}\nnot json\n')).rejects.toThrow("line 2: expected a JSON document");
  await expect(documents("not json\n")).rejects.toThrow(
    /expected JSON \(OTLP\/JSON lines, Jaeger or Zipkin v2\)/,
  );
});

it.each([
  [{ resourceSpans: [] }, "otlp"],
  [{ resource_spans: [] }, "otlp"],
  [{}, "otlp"],
  [{ data: [] }, "jaeger"],
  [{ traceID: "1", spans: [] }, "jaeger"],
  [[{ traceID: "1", spans: [] }], "jaeger"],
  [[{ traceId: "1", id: "2" }], "zipkin"],
  [[[], [{ traceId: "1", id: "2" }]], "zipkin"],
  [[], "zipkin"],
])("tells the format of %j", (value, format) => {
  expect(traceFormatOf(value)).toBe(format);
});

it.each([[{ a: 1 }], [[1]], [3], [null], ["text"]])("refuses %j and says what is expected", (value) => {
  expect(() => traceFormatOf(value)).toThrow(/expected OTLP\/JSON/);
});

function otlpDocument(spanCount: number): TraceDocument {
  const spans = Array.from({ length: spanCount }, (_, index) => ({
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: (index + 1).toString(16).padStart(16, "0"),
    name: "step",
  }));
  const value = { resourceSpans: [{ scopeSpans: [{ spans }] }] };
  return { text: JSON.stringify(value), value, line: 1 };
}

it("splits a large document into requests of at most 2,000 spans", () => {
  const batches = [...requestBatches(new OtlpRequestDecoder(), otlpDocument(4_500))];
  expect(batches.map(({ spanCount }) => spanCount)).toEqual([2_000, 2_000, 500]);
  const decoded = batches.map(({ payload }) => new OtlpRequestDecoder().decode(payload).acceptedSpans);
  expect(decoded).toEqual([2_000, 2_000, 500]);
});

it("joins small documents into one request", async () => {
  const decoder = new OtlpRequestDecoder();
  const small = [3, 4, 5].flatMap((count) => [...requestBatches(decoder, otlpDocument(count))]);
  const joined = await collect<RequestBatch>(joinedBatches(streamOf(small)));
  expect(joined.map(({ spanCount }) => spanCount)).toEqual([12]);
  expect(new OtlpRequestDecoder().decode(joined[0]?.payload as Uint8Array).acceptedSpans).toBe(12);
});

let peer: Server | undefined;

afterEach(async () => {
  await new Promise((resolve) => (peer === undefined ? resolve(undefined) : peer.close(resolve)));
  peer = undefined;
});

async function peerThat(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  peer = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("sends again after the time the server asks for, the same bytes", async () => {
  const bodies: string[] = [];
  const statuses = [503, 429, 200];
  const url = await peerThat(async (request: IncomingMessage, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    bodies.push(body);
    response.writeHead(
      statuses[bodies.length - 1] as number,
      bodies.length === 1 ? { "retry-after": "3" } : {},
    );
    response.end(
      bodies.length === 3 ? encodeExportResponse({ rejectedSpans: 2, errorMessage: "ids" }) : "busy",
    );
  });
  const context = captureContext();
  const answer = await createOtlpSender(context, url).send(new TextEncoder().encode("spans"));
  expect(answer).toEqual({ rejectedSpans: 2, errorMessage: "ids" });
  expect(bodies).toEqual(["spans", "spans", "spans"]);
  expect(context.waits).toEqual([3_000, 1_000]);
});

it("gives up after six tries, and at once when the refusal will not change", async () => {
  let tries = 0;
  const url = await peerThat((_request, response) => {
    tries++;
    response.writeHead(tries <= 6 ? 503 : 400).end('{"message":"bad bytes"}');
  });
  const context = captureContext();
  const sender = createOtlpSender(context, url);
  await expect(sender.send(new Uint8Array(1))).rejects.toMatchObject({ code: "overloaded" });
  expect(context.waits).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
  await expect(sender.send(new Uint8Array(1))).rejects.toThrow(/HTTP 400: bad bytes/);
  expect(tries).toBe(7);
});
