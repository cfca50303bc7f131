import { describe, expect, test } from "vitest";
import type { Finding, FindingOptions, FindingType } from "../../src/analysis/findings/finding.ts";
import { traceFindings } from "../../src/analysis/findings/trace-findings.ts";
import type { Attributes } from "../../src/model/attribute-value.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

const MILLI = 1_000_000;

function first(
  type: FindingType,
  sketches: readonly SpanSketch[],
  options?: FindingOptions,
): Finding | undefined {
  return findings(sketches, options).find((finding) => finding.type === type);
}

/** What a finding says, with costs in milliseconds and spans by name. */
interface Told {
  readonly severity: string;
  readonly service: string;
  readonly operation: string;
  readonly costMs: number;
  readonly spans: readonly string[];
}

function findings(sketches: readonly SpanSketch[], options?: FindingOptions): readonly Finding[] {
  return traceFindings(buildTrace("findings", ...sketches), options).findings;
}

function found(type: FindingType, sketches: readonly SpanSketch[], options?: FindingOptions): Told[] {
  return findings(sketches, options)
    .filter((finding) => finding.type === type)
    .map(({ severity, service, operation, costNanos, spans }) => ({
      severity,
      service,
      operation,
      costMs: Number(costNanos) / MILLI,
      spans: spans.map(({ name }) => name),
    }));
}

function sql(text: string): Attributes {
  return { "db.system.name": "postgresql", "db.query.text": text };
}

function http(method: string, path: string): Attributes {
  return { "http.request.method": method, "url.full": `http://shop:80${path}`, "server.address": "shop" };
}

/** As many calls as asked for, one after the other, each `millis` long from `from` on, named `q0`, `q1` ... */
function calls(
  parent: string,
  count: number,
  attributesOf: (at: number) => Attributes,
  {
    from = 0,
    millis = 10,
    status = "UNSET",
  }: { from?: number; millis?: number; status?: SpanSketch["status"] } = {},
): SpanSketch[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `q${at}`,
    parent,
    service: "app",
    kind: "CLIENT",
    status: status ?? "UNSET",
    at: [from + at * millis, from + (at + 1) * millis],
    attributes: attributesOf(at),
  }));
}

const ROOT: SpanSketch = { id: "root", service: "app", name: "GET /cart", kind: "SERVER", at: [0, 100] };

describe("n_plus_one", () => {
  test("names like queries of one request, whatever their values, and what all but the longest cost", () => {
    const queries = calls("root", 6, (at) => sql(`SELECT * FROM stock WHERE id = ${at}`));
    expect(found("n_plus_one", [ROOT, ...queries])).toEqual([
      {
        severity: "high",
        service: "app",
        operation: "SELECT * FROM stock WHERE id = ?",
        costMs: 50,
        spans: ["q0", "q1", "q2", "q3", "q4", "q5"],
      },
    ]);
    const [finding] = findings([ROOT, ...queries]);
    expect(finding).toMatchObject({
      spanCount: 6,
      summary: '6 like queries for app "GET /cart": SELECT * FROM stock WHERE id = ?',
      advice: expect.stringMatching(/^Ask for all rows in one query/),
    });
  });

  test("is none below the threshold, and is one at it", () => {
    const queries = calls("root", 4, (at) => sql(`SELECT * FROM stock WHERE id = ${at}`));
    expect(found("n_plus_one", [ROOT, ...queries])).toEqual([]);
    expect(found("n_plus_one", [ROOT, ...queries], { minRepeats: 4 })).toHaveLength(1);
  });

  test("sees through the service's own functions, but not into other requests", () => {
    const perItem = Array.from({ length: 5 }, (_, at): SpanSketch[] => [
      { id: `item${at}`, parent: "root", service: "app", at: [at * 10, at * 10 + 10] },
      {
        id: `q${at}`,
        parent: `item${at}`,
        service: "app",
        kind: "CLIENT",
        at: [at * 10, at * 10 + 10],
        attributes: sql("SELECT * FROM stock WHERE id = $1"),
      },
    ]).flat();
    expect(found("n_plus_one", [ROOT, ...perItem])).toMatchObject([
      { spans: ["q0", "q1", "q2", "q3", "q4"] },
    ]);
    const asRequests = perItem.map((sketch) =>
      sketch.kind === "CLIENT" ? sketch : { ...sketch, kind: "SERVER" as const },
    );
    expect(found("n_plus_one", [ROOT, ...asRequests])).toEqual([]);
  });

  test("counts calls of other services too, alike but for ids in their paths", () => {
    const requests = calls("root", 5, (at) => http("GET", `/items/${at}/price?x=${at}`));
    expect(found("n_plus_one", [ROOT, ...requests])).toMatchObject([{ operation: "GET shop/items/?/price" }]);
  });

  test("proves itself with a few of many spans and counts the rest", () => {
    const queries = calls("root", 40, (at) => sql(`SELECT * FROM stock WHERE id = ${at}`), { millis: 1 });
    const finding = first("n_plus_one", [ROOT, ...queries]);
    expect(finding?.spanCount).toBe(40);
    expect(finding?.spans).toHaveLength(10);
    expect(first("n_plus_one", [ROOT, ...queries], { maxSpansPerFinding: 2 })?.spans).toHaveLength(2);
  });

  test("side by side costs nothing that one query would not", () => {
    const queries = calls("root", 5, (at) => sql(`SELECT * FROM stock WHERE id = ${at}`)).map(
      (call): SpanSketch => ({ ...call, at: [0, 10] }),
    );
    expect(found("n_plus_one", [ROOT, ...queries])).toMatchObject([{ severity: "low", costMs: 0 }]);
  });
});

describe("repeated_query", () => {
  test("is the same query with the same values again", () => {
    const queries = calls("root", 5, () => sql("SELECT * FROM settings WHERE name = 'tax'"));
    expect(found("repeated_query", [ROOT, ...queries])).toMatchObject([
      { operation: "SELECT * FROM settings WHERE name = ?", costMs: 40 },
    ]);
    expect(found("n_plus_one", [ROOT, ...queries])).toEqual([]);
  });

  test("is a GET of one URL again, but no POST, whose bodies may differ", () => {
    expect(found("repeated_query", [ROOT, ...calls("root", 5, () => http("GET", "/tax"))])).toHaveLength(1);
    const posts = [ROOT, ...calls("root", 5, () => http("POST", "/tax"))];
    expect(found("repeated_query", posts)).toEqual([]);
    expect(found("n_plus_one", posts)).toHaveLength(1);
    const template = [ROOT, ...calls("root", 5, () => http("GET", "/items/{id}"))];
    expect(found("repeated_query", template)).toEqual([]);
    expect(found("n_plus_one", template)).toHaveLength(1);
  });

  test("is none where the values are in placeholders and may differ", () => {
    const queries = calls("root", 5, () => sql("SELECT * FROM settings WHERE name = $1"));
    expect(found("repeated_query", [ROOT, ...queries])).toEqual([]);
    expect(found("n_plus_one", [ROOT, ...queries])).toHaveLength(1);
  });
});

describe("sequential_calls", () => {
  const reads = calls("root", 3, (at) => http("GET", `/${["cart", "user", "offers"][at]}`), { millis: 20 });

  test("are reading calls that wait for each other, and cost what the longest does not hide", () => {
    expect(found("sequential_calls", [ROOT, ...reads])).toEqual([
      { severity: "high", service: "app", operation: "GET /cart", costMs: 40, spans: ["q0", "q1", "q2"] },
    ]);
  });

  test("are none when two are all, when a write stands between, when they overlap, or after a long pause", () => {
    expect(found("sequential_calls", [ROOT, ...reads.slice(1)])).toEqual([]);
    const write = reads.map((call, at) => (at === 1 ? { ...call, attributes: http("POST", "/user") } : call));
    expect(found("sequential_calls", [ROOT, ...write])).toEqual([]);
    const overlapping = reads.map((call, at): SpanSketch => ({ ...call, at: [at * 15, at * 15 + 20] }));
    expect(found("sequential_calls", [ROOT, ...overlapping])).toEqual([]);
    const paused = reads.map((call, at): SpanSketch => ({ ...call, at: [at * 22, at * 22 + 20] }));
    expect(found("sequential_calls", [ROOT, ...paused])).toEqual([]);
    expect(found("sequential_calls", [ROOT, ...paused], { maxSequentialPauseNanos: 2 * MILLI })).toHaveLength(
      1,
    );
  });

  test("are none when they would save too little, or are an N+1", () => {
    expect(found("sequential_calls", [ROOT, ...reads], { minSequentialSaving: 0.5 })).toEqual([]);
    const queries = calls("root", 6, (at) => sql(`SELECT * FROM stock WHERE id = ${at}`));
    expect(found("sequential_calls", [ROOT, ...queries])).toEqual([]);
  });

  test("know what only reads: queries by their verb, procedures by their name", () => {
    const rpc = (method: string): Attributes => ({
      "rpc.system": "grpc",
      "rpc.service": "Shop",
      "rpc.method": method,
    });
    const mixed = (third: Attributes) =>
      calls(
        "root",
        3,
        (at) => [sql("with x as (select 1) select 2"), rpc("ListOffers"), third][at] as Attributes,
        {
          millis: 20,
        },
      );
    const redis = (command: string) => ({ "db.system": "redis", "db.operation": command });
    for (const third of [redis("HGETALL"), rpc("GetUser"), http("HEAD", "/")]) {
      expect(found("sequential_calls", [ROOT, ...mixed(third)])).toHaveLength(1);
    }
    for (const third of [redis("DEL"), rpc("Getaway"), rpc("Charge"), sql("UPDATE t SET a = 1"), {}]) {
      expect(found("sequential_calls", [ROOT, ...mixed(third)])).toEqual([]);
    }
  });
});

describe("retry", () => {
  const attempt = (
    at: number,
    from: number,
    status: SpanSketch["status"],
    more: Attributes = {},
  ): SpanSketch => ({
    id: `try${at}`,
    parent: "root",
    service: "app",
    kind: "CLIENT",
    at: [from, from + 20],
    status: status ?? "UNSET",
    attributes: { ...http("POST", "/charge"), ...more },
  });

  test("is a like call after a failed one, and costs the failures and the waiting", () => {
    expect(
      found("retry", [ROOT, attempt(0, 0, "ERROR"), attempt(1, 25, "ERROR"), attempt(2, 60, "UNSET")]),
    ).toEqual([
      {
        severity: "high",
        service: "app",
        operation: "POST shop/charge",
        costMs: 60,
        spans: ["try0", "try1", "try2"],
      },
    ]);
  });

  test("says whether it helped", () => {
    const summaryOf = (last: SpanSketch["status"]) =>
      first("retry", [ROOT, attempt(0, 0, "ERROR"), attempt(1, 25, last)])?.summary;
    expect(summaryOf("UNSET")).toBe("2 attempts at POST shop/charge, the last of which went through");
    expect(summaryOf("ERROR")).toBe("2 attempts at POST shop/charge, the last of which failed too");
  });

  test("is none after a success, beside a call that still runs, or of another thing", () => {
    expect(found("retry", [ROOT, attempt(0, 0, "UNSET"), attempt(1, 25, "UNSET")])).toEqual([]);
    expect(found("retry", [ROOT, attempt(0, 0, "ERROR"), attempt(1, 10, "UNSET")])).toEqual([]);
    for (const path of ["/refund", "/charge?item=2"]) {
      const other = { ...attempt(1, 25, "UNSET"), attributes: http("POST", path) };
      expect(found("retry", [ROOT, attempt(0, 0, "ERROR"), other])).toEqual([]);
    }
  });

  test("is told by a count of resends too, and by several servers under one client", () => {
    const resent = attempt(1, 25, "UNSET", { "http.request.resend_count": 1n });
    expect(found("retry", [ROOT, attempt(0, 0, "UNSET"), resent])).toHaveLength(1);
    const serve = (id: string, at: [number, number], status: "ERROR" | "UNSET"): SpanSketch => {
      return { id, parent: "call", service: "shop", name: "charge", kind: "SERVER", at, status };
    };
    const call: SpanSketch = { id: "call", parent: "root", service: "app", kind: "CLIENT", at: [0, 50] };
    expect(
      found("retry", [ROOT, call, serve("one", [5, 20], "ERROR"), serve("two", [25, 45], "UNSET")]),
    ).toMatchObject([{ service: "shop", operation: "charge", costMs: 20 }]);
  });

  test("of one thing many times is not an N+1", () => {
    const failing = calls("root", 6, () => http("GET", "/cart"), { status: "ERROR" });
    expect(found("n_plus_one", [ROOT, ...failing])).toEqual([]);
    expect(found("retry", [ROOT, ...failing])).toMatchObject([
      { spans: ["q0", "q1", "q2", "q3", "q4", "q5"] },
    ]);
  });
});

describe("timeout", () => {
  const call = (attributes: Attributes, more: Partial<SpanSketch> = {}): SpanSketch => ({
    id: "call",
    parent: "root",
    service: "app",
    kind: "CLIENT",
    status: "ERROR",
    at: [10, 60],
    attributes: { ...http("GET", "/slow"), ...attributes },
    ...more,
  });

  test.each([
    [{ "error.type": "timeout" }],
    [{ "error.type": "ETIMEDOUT" }],
    [{ "error.type": "java.net.SocketTimeoutException" }],
    [{ "error.type": "DEADLINE_EXCEEDED" }],
    [{ "http.response.status_code": 504n }],
    [{ "http.status_code": 408 }],
    [{ "rpc.grpc.status_code": 4n }],
    [{ "rpc.response.status_code": "DEADLINE_EXCEEDED" }],
  ])("is a call that says so: %o", (attributes) => {
    expect(found("timeout", [ROOT, call(attributes)])).toMatchObject([{ costMs: 50, spans: ["call"] }]);
  });

  test("is a failed call whose server went on for longer, wherever clocks put it", () => {
    const serve: SpanSketch = {
      id: "serve",
      parent: "call",
      service: "shop",
      kind: "SERVER",
      at: [-900, -500],
    };
    expect(found("timeout", [ROOT, call({}), serve])).toHaveLength(1);
    expect(first("timeout", [ROOT, call({}), serve])?.summary).toContain("the callee worked on for nobody");
    expect(found("timeout", [ROOT, call({}), { ...serve, at: [15, 65] }])).toEqual([]);
    expect(found("timeout", [ROOT, call({}, { status: "UNSET" }), serve])).toEqual([]);
  });

  test("is the deepest of those that ran out of patience with it", () => {
    const outer = call({ "http.response.status_code": 504n }, { id: "outer", at: [5, 70] });
    const serve: SpanSketch = { id: "serve", parent: "outer", service: "shop", kind: "SERVER", at: [6, 69] };
    const inner = call({ "error.type": "timeout" }, { parent: "serve", service: "shop" });
    expect(found("timeout", [ROOT, outer, serve, inner])).toMatchObject([
      { service: "shop", spans: ["call"] },
    ]);
  });
});

describe("untraced_gap", () => {
  const child = (id: string, at: [number, number]): SpanSketch => ({
    id,
    parent: "root",
    service: "app",
    at,
  });

  test("is a long stretch of a span between its children, told with what stands around it", () => {
    expect(found("untraced_gap", [ROOT, child("load", [0, 20]), child("save", [70, 95])])).toEqual([
      {
        severity: "high",
        service: "app",
        operation: "GET /cart",
        costMs: 50,
        spans: ["GET /cart", "load", "save"],
      },
    ]);
  });

  test("is before the first child or after the last too, but not in a span without children", () => {
    expect(found("untraced_gap", [ROOT, child("late", [40, 95])])).toMatchObject([{ costMs: 40 }]);
    expect(found("untraced_gap", [ROOT, child("early", [5, 60])])).toMatchObject([{ costMs: 40 }]);
    expect(found("untraced_gap", [ROOT])).toEqual([]);
  });

  test("is none while another child runs, below the share, or below the length", () => {
    const beside = [ROOT, child("load", [0, 20]), child("save", [70, 95]), child("beside", [10, 80])];
    expect(found("untraced_gap", beside)).toEqual([]);
    expect(found("untraced_gap", [ROOT, child("load", [0, 85])])).toEqual([]);
    expect(found("untraced_gap", [ROOT, child("load", [0, 85])], { minGapShare: 0.1 })).toHaveLength(1);
    expect(
      found("untraced_gap", [ROOT, child("load", [0, 85])], { minGapShare: 0.1, minGapNanos: 16 * MILLI }),
    ).toEqual([]);
  });

  test("before a callee's span is the way to it", () => {
    const call: SpanSketch = { id: "call", parent: "root", service: "app", kind: "CLIENT", at: [0, 100] };
    const serve: SpanSketch = { id: "serve", parent: "call", service: "shop", kind: "SERVER", at: [60, 98] };
    const [finding] = findings([ROOT, call, serve]);
    expect(finding).toMatchObject({ type: "untraced_gap", operation: "call", costNanos: 60_000_000n });
    expect(finding?.advice).toContain("before the callee's span");
  });

  test("is between roots too", () => {
    const second: SpanSketch = { id: "second", service: "app", at: [160, 200] };
    expect(found("untraced_gap", [ROOT, second])).toMatchObject([
      { service: "app", operation: "", costMs: 60 },
    ]);
  });
});

describe("missing_spans", () => {
  test("says how many parents are missing and which spans name them", () => {
    const orphans: SpanSketch[] = [
      { id: "one", parent: "gone", service: "shop", at: [10, 20] },
      { id: "two", parent: "gone", service: "shop", at: [30, 40] },
      { id: "three", parent: "lost", service: "stock", at: [50, 60] },
    ];
    expect(found("missing_spans", [ROOT, ...orphans])).toEqual([
      // 10 ms between one and two belong to their parent.
      { severity: "medium", service: "shop", operation: "one", costMs: 10, spans: ["one", "two", "three"] },
    ]);
    const summaryOf = (sketches: readonly SpanSketch[]) => first("missing_spans", sketches)?.summary;
    expect(summaryOf([ROOT, ...orphans])).toBe("2 spans are missing that 3 spans name as parent");
    expect(summaryOf([orphans[2] as SpanSketch])).toBe(
      "1 span is missing that 1 span names as parent, and the trace has no root",
    );
    expect(found("missing_spans", [ROOT])).toEqual([]);
  });
});

describe("error_origin", () => {
  const failing = (id: string, parent: string, more: Partial<SpanSketch> = {}): SpanSketch => ({
    id,
    parent,
    service: id,
    kind: "CLIENT",
    status: "ERROR",
    at: [10, 60],
    ...more,
  });
  const failedRoot: SpanSketch = { ...ROOT, status: "ERROR" };

  test("is the deepest failure, with those that passed it on", () => {
    expect(
      found("error_origin", [
        failedRoot,
        failing("cart", "root"),
        failing("redis", "cart", { at: [20, 50] }),
      ]),
    ).toEqual([
      {
        severity: "high",
        service: "redis",
        operation: "redis",
        costMs: 30,
        spans: ["redis", "cart", "GET /cart"],
      },
    ]);
  });

  test("goes through the service's own functions that set no status, not through one that says it went well", () => {
    const inner = (status: "UNSET" | "OK"): SpanSketch => ({
      id: "work",
      parent: "root",
      service: "app",
      status,
      at: [5, 70],
    });
    expect(found("error_origin", [failedRoot, inner("UNSET"), failing("redis", "work")])).toMatchObject([
      { severity: "high", operation: "redis", spans: ["redis", "GET /cart"] },
    ]);
    expect(found("error_origin", [failedRoot, inner("OK"), failing("redis", "work")])).toMatchObject([
      { severity: "high", operation: "GET /cart", spans: ["GET /cart"] },
      { severity: "low", operation: "redis", spans: ["redis"] },
    ]);
  });

  test("weighs less when the top of the trace did not fail, and less again when nothing did", () => {
    const cart = failing("cart", "root");
    const redis = failing("redis", "cart");
    expect(found("error_origin", [ROOT, cart, redis])).toMatchObject([
      { severity: "medium", operation: "redis" },
    ]);
    expect(found("error_origin", [ROOT, { ...cart, status: "UNSET" }, redis])).toMatchObject([
      { severity: "low", operation: "redis" },
    ]);
  });

  test("costs what lies below two origins of one operation once", () => {
    const call = (id: string, parent: string, at: [number, number]): SpanSketch => {
      return failing(id, parent, { service: "redis", name: "GET", at });
    };
    const coped: SpanSketch = { id: "coped", parent: "outer", service: "app", kind: "SERVER", at: [15, 55] };
    const nested = [call("outer", "root", [10, 60]), coped, call("inner", "coped", [20, 50])];
    expect(found("error_origin", [ROOT, ...nested])).toMatchObject([
      { severity: "low", costMs: 50, spans: ["GET", "GET"] },
    ]);
  });

  test("is told once for all failures of one operation", () => {
    const twice = [failing("one", "root", { at: [0, 10] }), failing("two", "root", { at: [20, 30] })].map(
      (sketch) => ({ ...sketch, service: "redis", name: "GET" }),
    );
    expect(found("error_origin", [failedRoot, ...twice])).toMatchObject([
      { operation: "GET", costMs: 20, spans: ["GET", "GET", "GET /cart"] },
    ]);
    expect(first("error_origin", [failedRoot, ...twice])?.summary).toBe(
      'redis "GET" failed 2 times; 1 span above failed because of it',
    );
  });
});

describe("a list of findings", () => {
  test("is empty for a trace that has nothing wrong", () => {
    const call: SpanSketch = { id: "call", parent: "root", service: "app", kind: "CLIENT", at: [10, 95] };
    expect(traceFindings(buildTrace("fine", ROOT, call))).toMatchObject({
      durationNanos: 100_000_000n,
      findings: [],
      omittedFindings: 0,
    });
  });

  test("begins with what is most severe, and counts what it omits", () => {
    const queries = calls("root", 5, (at) => sql(`SELECT * FROM stock WHERE id = ${at}`), { millis: 1 });
    const failed: SpanSketch = {
      id: "call",
      parent: "root",
      service: "app",
      kind: "CLIENT",
      status: "ERROR",
      at: [5, 99],
      attributes: { "error.type": "timeout" },
    };
    const trace = buildTrace("order", { ...ROOT, status: "ERROR" }, ...queries, failed);
    const all = traceFindings(trace);
    expect(all.findings.map(({ type, severity }) => [type, severity])).toEqual([
      ["error_origin", "high"],
      ["timeout", "high"],
      ["n_plus_one", "low"],
    ]);
    const one = traceFindings(trace, { maxFindings: 1 });
    expect(one.findings).toEqual(all.findings.slice(0, 1));
    expect(one.omittedFindings).toBe(2);
  });
});
