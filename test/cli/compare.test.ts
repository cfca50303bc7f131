/** Comparisons from end to end: the demo's faults, over OTLP into a server, named by its API and in the terminal. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SetComparisonJson, TraceComparisonJson } from "../../src/api/compare-contract.ts";
import type { TraceListJson } from "../../src/api/contract.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { buildSpan } from "../helpers/trace-builder.ts";
import { jsonLines } from "./cli-harness.ts";
import { ShopServer } from "./shop-server.ts";

let shop: ShopServer;

const ask = async <Answer>(path: string): Promise<Answer> => {
  const response = await fetch(new URL(path, shop.server.ui));
  const text = await response.text();
  expect([response.status, response.status === 200 ? "" : text]).toEqual([200, ""]);
  return JSON.parse(text) as Answer;
};

const run = (...given: readonly string[]) => shop.run(...given);
const show = (...given: readonly string[]) => shop.show(...given);

/** Id of the newest trace that a search finds. */
async function newest(search: string): Promise<string> {
  const { traces } = await ask<TraceListJson>(`/api/v1/traces?${search}&pageSize=1`);
  return traces[0]?.traceId as string;
}

beforeAll(async () => {
  // Whole minutes, so that a sixth of the visits falls into error bursts.
  shop = await ShopServer.start({ visits: 600, history: "10m" });
});

afterAll(() => shop.stop());

describe("sets of the demo", () => {
  it("slow against the rest: the critical path goes to the card gateway", async () => {
    const slow = await ask<SetComparisonJson>("/api/v1/compare?select=slow");
    expect(slow.selectionSize).toBeGreaterThan(20);
    const [first] = slow.callPaths;
    expect(first?.path.at(-1)).toEqual({ service: "payment", operation: "POST", kind: "CLIENT" });
    expect(first?.shareDelta).toBeGreaterThan(0.5);
    expect(first?.shareDeltaLow).toBeLessThan(first?.shareDelta as number);
    expect(first?.selection.presence).toBe(1);
    const [attribute] = slow.attributes;
    expect(attribute).toMatchObject({
      key: "server.address",
      value: "card-gateway.example",
      selectionShare: 1,
    });
    expect(attribute?.score).toBeGreaterThan(0.5);
    expect(attribute?.criticalDeltaMs).toBeGreaterThan(400);
  });

  it("errors against the rest: Redis refuses connections", async () => {
    const failed = await ask<SetComparisonJson>("/api/v1/compare?select=errors");
    expect(failed.attributes[0]).toMatchObject({
      key: "error.type",
      value: "ConnectionError",
      selectionShare: 1,
      baselineShare: 0,
      purity: 1,
    });
    const redis = failed.callPaths.filter(({ path }) => path.at(-1)?.operation === "HGETALL");
    expect(redis.length).toBeGreaterThan(0);
    expect(redis.every(({ shareDelta }) => shareDelta > 0)).toBe(true);
  });

  it("by an attribute: the key itself is not told", async () => {
    const set = await ask<SetComparisonJson>("/api/v1/compare?select=http.route%3D%2Fcheckout");
    expect(set.selectionSize).toBeGreaterThan(20);
    expect(set.attributes.length).toBeGreaterThan(0);
    expect(set.attributes.map(({ key }) => key)).not.toContain("http.route");
  });

  it("before and after a moment: nothing differs, for the shop stays as it is", async () => {
    const { attributes, callPaths, selectionSize, baselineSize } = await ask<SetComparisonJson>(
      "/api/v1/compare?select=after&splitAt=-5m&rootOperation=GET%20%2Fproducts",
    );
    expect(Math.min(selectionSize, baselineSize)).toBeGreaterThan(50);
    expect([attributes, callPaths]).toEqual([[], []]);
  });
});

describe("two versions of a service", () => {
  /** Invoices of the old and the new version in turn; the new one waits for its database. */
  const invoices = Array.from({ length: 40 }, (_, number) => {
    const version = number % 2 === 0 ? "1.9.0" : "1.10.0";
    const millis = version === "1.10.0" ? 80 : 20;
    const start = number * 100;
    const common = { service: "billing", resourceAttributes: { "service.version": version } };
    return [
      buildSpan(`invoice ${number}`, {
        ...common,
        id: "root",
        name: "POST /invoice",
        at: [start, start + millis],
      }),
      buildSpan(`invoice ${number}`, {
        ...common,
        id: "query",
        parent: "root",
        name: "SELECT invoices",
        kind: "CLIENT",
        at: [start + 5, start + millis - 5],
      }),
    ];
  });

  beforeAll(async () => {
    const body = encodeSpans(invoices.flat());
    const headers = { "content-type": "application/x-protobuf" };
    const response = await fetch(`${shop.server.otlpHttp}/v1/traces`, { method: "POST", headers, body });
    expect(response.status).toBe(200);
  });

  it("are told apart by what takes their time", async () => {
    const set = await ask<SetComparisonJson>("/api/v1/compare?select=version&versionOf=billing");
    expect(set).toMatchObject({
      selectionSize: 20,
      baselineSize: 20,
      versions: { service: "billing", selection: "1.10.0", baseline: "1.9.0", otherCount: 0 },
    });
    // 70 of 80 ms, and 10 of 20 ms.
    const query = set.callPaths.find(({ path }) => path.at(-1)?.operation === "SELECT invoices");
    expect(query?.shareDelta).toBeCloseTo(0.375, 10);
  });

  it("are compared by the command, which says so when there is only one", async () => {
    const { stdout } = await show("compare", "--select", "version", "--version-of", "billing");
    expect(stdout).toMatch(/^20 traces against 20 others: billing 1\.10\.0 against 1\.9\.0\n/);
    const named = ["--service", "billing", "--with-version", "1.9.0", "--against", "1.10.0"];
    const swapped = await run("compare", "--select", "version", ...named);
    expect(jsonLines<SetComparisonJson>(swapped.stdout)[0]?.versions).toMatchObject({ selection: "1.9.0" });
    expect(await run("compare", "--select", "version", "--version-of", "cart")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "nothing to compare: expected traces of two versions of cart, found those of 1.4.2\n",
    });
  });
});

describe("traces of the demo", () => {
  it("compare with a typical one of their shape", async () => {
    const traceId = await newest("rootOperation=GET%20%2Fproducts");
    const comparison = await ask<TraceComparisonJson>(`/api/v1/traces/${traceId}/compare`);
    expect(comparison.typical).toMatchObject({ likeness: "ordered", truncated: false });
    expect(comparison.withShape).toEqual(comparison.shape);
    const sum = comparison.callPaths.reduce(
      (total, { delta }) => total + BigInt(delta.criticalPathNanos),
      BigInt(comparison.others.criticalPathDeltaNanos),
    );
    expect(String(sum)).toBe(comparison.deltaNanos);
    expect(comparison.deltaNanos).toBe(
      String(BigInt(comparison.durationNanos) - BigInt(comparison.withDurationNanos)),
    );
  });

  it("compare a failed purchase with one that went through: what is missing, and what failed", async () => {
    const bought = await newest("rootOperation=POST%20%2Fcheckout&hasErrors=false");
    const failed = await newest("rootService=frontend&operation=POST%20%2Fcheckout&hasErrors=true");
    const { callPaths } = await ask<TraceComparisonJson>(
      `/api/v1/traces/${failed}/compare?with=${bought}&limit=1000`,
    );
    const redis = callPaths.find(({ path }) => path.at(-1)?.operation === "HGETALL");
    expect(redis?.delta.errorCount).toBe(1);
    // The card gateway took most of the purchase that went through.
    expect(callPaths[0]).toMatchObject({ change: "removed" });
    expect(callPaths[0]?.path.at(-1)).toMatchObject({ service: "payment", operation: "POST" });
  });
});

describe("the command", () => {
  it("gives the API's answer on one line in a pipe", async () => {
    const { exitCode, stdout } = await run("compare", "--select", "errors", "--service", "frontend");
    expect(exitCode).toBe(0);
    expect(jsonLines<SetComparisonJson>(stdout)).toHaveLength(1);
    const traceId = await newest("service=payment");
    const pair = await run("compare", traceId, "--limit", "2");
    expect(jsonLines<TraceComparisonJson>(pair.stdout)[0]).toMatchObject({ traceId });
    expect(jsonLines<TraceComparisonJson>(pair.stdout)[0]?.callPaths.length).toBeLessThanOrEqual(2);
  });

  it("shows tables of sets on a terminal", async () => {
    const { stdout } = await show("compare", "--select", "errors");
    expect(stdout).toMatch(/^\d+ traces against \d+ others\n/);
    expect(stdout).toMatch(/\nPERCENTILE +SELECTION +OTHERS\n/);
    expect(stdout).toMatch(/\n +100\.0% +0\.0% +[\d.]+x +\+[\d.]+ms {2}error\.type=ConnectionError +/);
    expect(stdout).toMatch(
      /\n +SHARE +SELECTION +OTHERS +TIME +OTHERS +CALLS +SERVICE +OPERATION +CALLED BY\n/,
    );
    expect(stdout).toMatch(/cart +HGETALL +cart: GET \/cart\/\{id\}\n/);
    expect(stdout).toMatch(/\ntested: \d+ values, /);
  });

  it("shows a table of two traces on a terminal", async () => {
    const traceId = await newest("service=payment");
    const { stdout } = await show("compare", traceId);
    expect(stdout.startsWith(`${traceId} against `)).toBe(true);
    expect(stdout).toMatch(/\ntypical of \d+ traces with the same (shape|operation)/);
    expect(stdout).toMatch(
      /\nCRITICAL PATH +DURATION +CALLS +ERRORS +CHANGE +SERVICE +OPERATION +CALLED BY\n/,
    );
    const same = await show("compare", traceId, traceId);
    expect(same.stdout).toContain("no call path differs");
  });

  it("tells wrong usage (2) from nothing to compare (1)", async () => {
    expect(await run("compare")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("expected the id of a trace, or --select"),
    });
    expect(await run("compare", "12", "--select", "errors")).toMatchObject({ exitCode: 2 });
    expect(await run("compare", "--select", "late")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("select: expected errors, slow, after, version, or key=value"),
    });
    expect(await run("compare", "--select", "slow", "--service", "nobody")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "nothing to compare: no trace matches\n",
    });
    expect(await run("compare", "--select", "color=red")).toMatchObject({
      exitCode: 1,
      stderr: "nothing to compare: no trace that matches is in the selection\n",
    });
    expect(await run("compare", "0123456789abcdef0123456789abcdef")).toMatchObject({ exitCode: 1 });
  });
});
