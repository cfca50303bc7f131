import { describe, expect, it } from "vitest";
import { tagQuery } from "../../src/query/tag-query.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";

describe("a search by tags in TraceQL", () => {
  it.each([
    [{ tags: [] }, "{ }"],
    [{ tags: [{ key: "http.method", value: "Get" }] }, '{ .http.method =~ "(?is).*Get.*" }'],
    [{ tags: [{ key: "k", value: "a.b(c" }] }, "{ .k =~ `(?is).*a\\.b\\(c.*` }"],
    [{ tags: [{ key: "code", value: "500" }] }, '{ (.code =~ "(?is).*500.*" || .code = 500) }'],
    [{ tags: [{ key: "ok", value: "true" }] }, '{ (.ok =~ "(?is).*true.*" || .ok = true) }'],
    [{ tags: [{ key: "error", value: "true" }] }, "{ span:status = error }"],
    [{ tags: [{ key: "a key", value: "" }] }, '{ ."a key" =~ "(?is).*.*" }'],
    [
      {
        tags: [{ key: "name", value: "x" }],
        minDurationNanos: 1_500_000n,
        maxDurationNanos: 60_000_000_000n,
      },
      '{ span:name =~ "(?is).*x.*" && trace:duration >= 1.5ms && trace:duration <= 1m }',
    ],
  ])("writes a query that is read again (%#)", (search, q) => {
    expect(tagQuery(search)).toBe(q);
    expect(() => parseQuery(q)).not.toThrow();
  });
});
