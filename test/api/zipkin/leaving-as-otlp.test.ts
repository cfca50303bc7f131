/** A call as B3 reports it, both sides under one id, sent to Zipkin's API in two requests and asked for as OTLP. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { RunningServer } from "../../../src/server.ts";
import { startServer } from "../../../src/server.ts";
import { FREE_PORTS } from "../../helpers/free-ports.ts";

const TRACE_ID = "0000000000000000463ac35c9f6413ad";
const CLIENT = `[{"traceId":"463ac35c9f6413ad","id":"a2fb4a1d1a96d312","kind":"CLIENT","name":"get","timestamp":1700000000000000,"duration":9000,"localEndpoint":{"serviceName":"web"}}]`;
const SERVER = `[{"traceId":"463ac35c9f6413ad","id":"a2fb4a1d1a96d312","kind":"SERVER","name":"get /","timestamp":1700000000001000,"duration":7000,"localEndpoint":{"serviceName":"app"},"shared":true},{"traceId":"463ac35c9f6413ad","parentId":"a2fb4a1d1a96d312","id":"b000000000000001","name":"load","timestamp":1700000000002000,"duration":3000,"localEndpoint":{"serviceName":"app"}}]`;

interface OtlpSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}
interface ResourceSpans {
  readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
}

let server: RunningServer;
beforeAll(async () => {
  const flags = { ...FREE_PORTS, "store.type": "memory" };
  server = await startServer({ config: loadConfig({ flags, env: {}, cwd: "/" }).config });
  for (const body of [SERVER, CLIENT]) {
    const answer = await fetch(`${server.zipkin}/api/v2/spans`, { method: "POST", body });
    expect(answer.status).toBe(202);
  }
});
afterAll(() => server.stop());

async function asked(path: string): Promise<Readonly<Record<string, unknown>>> {
  return (await (await fetch(`${server.ui}${path}`)).json()) as Readonly<Record<string, unknown>>;
}

describe.each([
  ["the native API", `/api/v1/traces/${TRACE_ID}?format=otlp`, "hex"],
  ["Tempo's bare answer", `/tempo/api/traces/${TRACE_ID}`, "base64"],
  ["Tempo's answer in an envelope", `/tempo/api/v2/traces/${TRACE_ID}`, "base64"],
] as const)("a shared id in %s", (_, path, encoding) => {
  const hex = (id: string | undefined): string => Buffer.from(id ?? "", encoding).toString("hex");

  it("is the client's; the server has one of its own below it, and its service's span below that", async () => {
    const answer = await asked(path);
    const trace = (answer["trace"] ?? answer) as Readonly<Record<string, readonly ResourceSpans[]>>;
    const lists = trace["resourceSpans"] ?? trace["batches"] ?? [];
    const spans = lists.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    const [client, callee, inside] = ["get", "get /", "load"].map((name) =>
      spans.find((span) => span.name === name),
    );
    expect(spans).toHaveLength(3);
    expect(hex(client?.spanId)).toBe("a2fb4a1d1a96d312");
    expect(hex(callee?.spanId)).not.toBe("a2fb4a1d1a96d312");
    expect(hex(callee?.parentSpanId)).toBe("a2fb4a1d1a96d312");
    expect(hex(inside?.parentSpanId)).toBe(hex(callee?.spanId));
  });
});

describe("the same trace", () => {
  it("goes back to Zipkin as it came", async () => {
    const answer = await fetch(`${server.ui}/api/v1/traces/${TRACE_ID}?format=zipkin`);
    expect(await answer.json()).toEqual([...JSON.parse(CLIENT), ...JSON.parse(SERVER)]);
  });

  it("has its critical path through the client into the server and what that did", async () => {
    const { segments } = await asked(`/api/v1/traces/${TRACE_ID}/critical-path`);
    const names = (segments as readonly { readonly operation: string }[]).map((one) => one.operation);
    expect(names).toEqual(["get", "get /", "load", "get /", "get"]);
  });
});
