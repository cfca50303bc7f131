import { describe, expect, it } from "vitest";
import { pushProblems, pushTargetOf } from "../../src/config/push-target.ts";

describe("an entry of export.push", () => {
  it("has defaults for all but name, protocol and address", () => {
    expect(pushTargetOf("central=otlp-grpc:http://collector:4317")).toEqual({
      name: "central",
      protocol: "otlp-grpc",
      address: "http://collector:4317/",
      headers: {},
      filter: "",
      timeoutMillis: 10_000,
      compression: "gzip",
      ca: "",
      batchSpans: 8_192,
      batchBytes: 2 * 1024 ** 2,
      maxBehindBytes: 2 * 1024 ** 3,
      maxAgeMillis: Number.POSITIVE_INFINITY,
      format: "otlp",
    });
  });

  it("has settings behind a question mark; the filter is the last and stands as it is", () => {
    const settings =
      "header.X-Key=a%2Cb%26c&timeout=3s&compression=none&ca=/etc/ca.pem&batchSpans=100&batchBytes=64KiB";
    const filter = '{ status = error && span.q =~ "a?b&c=.*" }';
    const entry = `z=zipkin:https://z:9411/base?${settings}&maxBehind=1GiB&maxAge=2h&filter=${filter}`;
    expect(pushTargetOf(entry)).toMatchObject({
      address: "https://z:9411/base",
      headers: { "x-key": "a,b&c" },
      filter,
      timeoutMillis: 3_000,
      compression: "none",
      ca: "/etc/ca.pem",
      batchSpans: 100,
      batchBytes: 65_536,
      maxBehindBytes: 1024 ** 3,
      maxAgeMillis: 7_200_000,
    });
  });

  it("may say grpc and grpcs, and a path for a file", () => {
    expect(pushTargetOf("a=jaeger-grpc:grpcs://j:14250").address).toBe("https://j:14250/");
    expect(pushTargetOf("a=otlp-grpc:grpc://j:4317").address).toBe("http://j:4317/");
    expect(pushTargetOf("a=file:/var/spans.jsonl?format=zipkin")).toMatchObject({
      address: "/var/spans.jsonl",
      format: "zipkin",
    });
  });

  it.each([
    ["collector:4317", "an entry: expected name=protocol:address"],
    ["Big=otlp-http:http://c", "an entry: expected name=protocol:address, the name of a-z"],
    [
      "a=kafka:http://c",
      '"a": expected a protocol, one of otlp-grpc, otlp-http, zipkin, jaeger-grpc, file, got "kafka"',
    ],
    ["a=otlp-http:collector:4318", '"a": expected a URL such as http://host:4317'],
    ["a=otlp-http:http://me:secret@c", '"a": expected no user name or password in the URL'],
    ["a=file:spans.jsonl", '"a": expected an absolute path'],
    ["a=otlp-http:http://c?timeut=3s", '"a": unknown setting "timeut"; did you mean "timeout"?'],
    ["a=otlp-http:http://c?timeout=3s&timeout=4s", '"a": expected timeout once'],
    ["a=otlp-http:http://c?timeout", '"a": expected timeout=value'],
    ["a=otlp-http:http://c?timeout=soon", '"a": timeout: expected a duration from 100ms to 10m, got "soon"'],
    [
      "a=otlp-http:http://c?batchSpans=1.5",
      '"a": batchSpans: expected a whole number from 1 to 100000, got "1.5"',
    ],
    ["a=otlp-http:http://c?maxBehind=1KiB", '"a": maxBehind: expected bytes from 1MiB'],
    ["a=otlp-http:http://c?compression=zstd", '"a": compression: expected one of gzip, none, got "zstd"'],
    ["a=otlp-http:http://c?header.te=x", '"a": header.te: expected the name of a header that may be set'],
    ["a=otlp-http:http://c?header.x=a%0Ab", '"a": header.x: expected text of one line'],
  ])("%s is refused in words", (entry, words) => {
    expect(pushProblems([entry])).toEqual([expect.stringContaining(`export.push: ${words}`)]);
  });

  it("needs a name of its own", () => {
    const entries = ["a=otlp-http:http://b", "a=zipkin:http://c"];
    expect(pushProblems(entries)).toEqual(['export.push: "a": expected a name of its own, got one twice']);
  });

  it("does not repeat what may be secret", () => {
    const problems = pushProblems([
      "a=otlp-http:http://c?header.authorization=secret\u0000",
      "b=otlp-http:ftp://me:secret@c",
      "c=otlp-http:http://me:secret@c",
      "secret",
    ]);
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain("secret");
  });
});
