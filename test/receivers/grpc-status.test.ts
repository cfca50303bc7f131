import { describe, expect, it } from "vitest";
import { TracAggError } from "../../src/base/errors.ts";
import { percentEncoded } from "../../src/io/http2-answers.ts";
import { grpcStatusHeaders } from "../../src/receivers/grpc-status.ts";
import { readStatus } from "../helpers/otlp-client.ts";

describe("percentEncoded", () => {
  it("leaves visible ASCII as it is, but for the percent sign", () => {
    expect(percentEncoded('field "a": ~50 % of {x}')).toBe('field "a": ~50 %25 of {x}');
  });

  it("escapes the bytes of everything else, each way back to the same text", () => {
    const text = "line\nnext\ttab\u007f é 日本 \u{1f40c}";
    expect(percentEncoded(text)).toMatch(/^[ -~]+$/);
    expect(decodeURIComponent(percentEncoded(text))).toBe(text);
    expect(percentEncoded("é\n")).toBe("%C3%A9%0A");
  });

  it("does not choke on half a character", () => {
    expect(percentEncoded("\ud83d")).toBe("%EF%BF%BD");
  });
});

describe("grpcStatusHeaders", () => {
  it("bounds the message, which stands in the headers twice", () => {
    const headers = grpcStatusHeaders(new TracAggError("overloaded", "x".repeat(5_000)));
    expect(headers["grpc-message"]).toBe("x".repeat(1_024));
    const details = Buffer.from(headers["grpc-status-details-bin"] as string, "base64");
    expect(readStatus(details)).toEqual({ code: 14, message: "x".repeat(1_024), retrySeconds: 1 });
  });

  it("adds no details where there is nothing to say", () => {
    expect(grpcStatusHeaders(new TracAggError("too_large", "too much"))).toEqual({
      "grpc-status": 8,
      "grpc-message": "too much",
    });
  });
});
