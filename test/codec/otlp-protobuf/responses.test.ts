import { join } from "node:path";
import protobuf from "protobufjs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  decodeExportResponse,
  encodeExportResponse,
  encodeStatus,
  exportResponseJson,
  statusJson,
} from "../../../src/codec/otlp-protobuf/responses.ts";

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith("proto") ? target : join("proto", target));
const decode = (type: string, bytes: Uint8Array) => {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: String, bytes: Array });
};

beforeAll(async () => {
  await root.load(["opentelemetry/proto/collector/trace/v1/trace_service.proto", "google/rpc/status.proto"]);
});

describe("an export response", () => {
  const RESPONSE = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse";

  test("of full success is no bytes and an empty object", () => {
    const result = { rejectedSpans: 0, errorMessage: "" };
    expect(encodeExportResponse(result).length).toBe(0);
    expect(exportResponseJson(result)).toEqual({});
    expect(decodeExportResponse(new Uint8Array(0))).toEqual(result);
  });

  test.each([
    { rejectedSpans: 3, errorMessage: "spans[0].trace_id: expected 16 bytes, got 2" },
    { rejectedSpans: 0, errorMessage: "a warning ☃" },
    { rejectedSpans: 2 ** 40, errorMessage: "" },
  ])("of $rejectedSpans refusals reads the same to the oracle and to us", (result) => {
    const bytes = encodeExportResponse(result);
    expect(decodeExportResponse(bytes)).toEqual(result);
    expect(decode(RESPONSE, bytes)).toEqual(exportResponseJson(result));
  });

  test("with an empty partial success means full success", () => {
    expect(decodeExportResponse(Uint8Array.of(0x0a, 0x00))).toEqual({ rejectedSpans: 0, errorMessage: "" });
  });
});

describe("a status", () => {
  test("without details has code and message", () => {
    const status = { code: 3, message: "no" };
    expect(decode("google.rpc.Status", encodeStatus(status))).toEqual(status);
    expect(statusJson(status)).toEqual(status);
  });

  test("with a delay carries RetryInfo", () => {
    const status = { code: 14, message: "later", retryDelayMillis: 1_500 };
    const [detail] = decode("google.rpc.Status", encodeStatus(status))["details"];
    expect(detail.type_url ?? detail.typeUrl).toBe("type.googleapis.com/google.rpc.RetryInfo");
    expect(decode("google.rpc.RetryInfo", Uint8Array.from(detail.value))).toEqual({
      retryDelay: { seconds: "1", nanos: 500_000_000 },
    });
    expect(statusJson(status)).toEqual({
      code: 14,
      message: "later",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.500s" }],
    });
  });

  test("with a field carries BadRequest", () => {
    const status = { code: 3, message: "expected 16 bytes", field: "spans[0].trace_id" };
    const [detail] = decode("google.rpc.Status", encodeStatus(status))["details"];
    const violation = { field: "spans[0].trace_id", description: "expected 16 bytes" };
    expect(decode("google.rpc.BadRequest", Uint8Array.from(detail.value))).toEqual({
      fieldViolations: [violation],
    });
    expect(statusJson(status)).toMatchObject({
      details: [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [violation] }],
    });
  });
});
