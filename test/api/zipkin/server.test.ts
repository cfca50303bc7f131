/** What the Zipkin API says of the server, its page, and methods it does not have. */

import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../helpers/server-process.ts";
import type { ZipkinServer } from "./zipkin-servers.ts";
import { startZipkin } from "./zipkin-servers.ts";

const folder = temporaryFolder();
const INDEX = '<!doctype html><base href="/zipkin/"><title>Zipkin</title>';
const SCRIPT = "console.log('a built asset');";

let server: ZipkinServer;

/** Without what fetch does to headers and paths. */
async function sent(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    request(server.url, { method, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

afterAll(() => folder.remove());

describe("a server that is ready", () => {
  beforeAll(async () => {
    server = await startZipkin();
  });
  afterAll(() => server.stop());

  it.each(["/health", "/actuator/health", "/zipkin/health"])("is up by %s", async (path) => {
    const answer = await server.fetch(path);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { status: "UP", zipkin: { status: "UP", details: { TracAgg: { status: "UP" } } } },
    ]);
  });

  it("tells its version and commit", async () => {
    const answer = await server.fetch("/info");
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(await answer.json()).toEqual({ zipkin: { version: "3.6.1", commit: "tracagg-0.1.0" } });
  });

  it("counts what its senders sent, seven numbers for each way in", async () => {
    expect((await server.fetch("/api/v2/spans", { method: "POST", body: "nonsense" })).status).toBe(400);
    const told = (await (await server.fetch("/metrics")).json()) as Readonly<Record<string, number>>;
    const ofHttp = [1, 1, 8, 0, 0, 0, 8];
    const names = [
      ...["messages", "messages_dropped", "bytes", "spans", "spans_dropped"].map((name) => `counter.${name}`),
      ...["message_spans", "message_bytes"].map((name) => `gauge.${name}`),
    ].map((name) => name.replace(".", ".zipkin_collector."));
    expect(told).toEqual({
      ...Object.fromEntries(names.map((name, index) => [`${name}.http`, ofHttp[index]])),
      ...Object.fromEntries(names.map((name) => [`${name}.grpc`, 0])),
    });
  });

  it("shows its metrics to Prometheus, Zipkin's among them", async () => {
    const text = await (await server.fetch("/prometheus")).text();
    expect(text).toContain("# TYPE tracagg_queries_total counter");
    expect(text).toContain('zipkin_collector_messages_dropped_total{transport="http"} 1\n');
  });

  it("gives the configuration of the page as Zipkin writes it", async () => {
    const answer = await server.fetch("/zipkin/config.json");
    expect(answer.headers.get("cache-control")).toBe("max-age=600");
    expect(await answer.text()).toBe(
      [
        "{",
        '  "environment" : "",',
        '  "queryLimit" : 10,',
        '  "defaultLookback" : 900000,',
        '  "searchEnabled" : true,',
        '  "logsUrl" : null,',
        '  "supportUrl" : null,',
        '  "archivePostUrl" : null,',
        '  "archiveUrl" : null,',
        '  "dependency" : {',
        '    "enabled" : true,',
        '    "lowErrorRate" : 0.5,',
        '    "highErrorRate" : 0.75',
        "  }",
        "}",
      ].join("\n"),
    );
  });

  it("answers the API at the root and under /zipkin", async () => {
    for (const path of ["/api/v2/traces", "/zipkin/api/v2/traces"]) {
      expect(await (await server.fetch(path)).text()).toBe("[]");
    }
  });

  it.each(["/", "/zipkin", "/zipkin/", "/api/v2/traces", "/whatever/and/not"])(
    "refuses TRACE %s",
    async (path) => {
      expect(await sent("TRACE", path)).toBe(405);
    },
  );

  it("says how to get the page where it is not set up", async () => {
    const answer = await server.fetch("/zipkin/");
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("--zipkin-ui-dir")]);
  });
});

describe("a server that is not ready", () => {
  it("is down, and says why", async () => {
    server = await startZipkin([], { notReadyReasons: ["starting"] });
    const answer = await server.fetch("/health");
    const component = { status: "DOWN", details: { error: "starting" } };
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { status: "DOWN", zipkin: { status: "DOWN", details: { TracAgg: component } } },
    ]);
    await server.stop();
  });
});

describe("the page", () => {
  beforeAll(async () => {
    const uiDir = join(folder.path, "lens");
    mkdirSync(join(uiDir, "static"), { recursive: true });
    writeFileSync(join(folder.path, "secret.txt"), "not for everyone");
    writeFileSync(join(uiDir, "index.html"), INDEX);
    writeFileSync(join(uiDir, "favicon.ico"), "icon");
    writeFileSync(join(uiDir, "static", "index.c42cd5c9.js"), SCRIPT);
    server = await startZipkin([], { settings: { uiDir } });
  });
  afterAll(() => server.stop());

  it.each([
    ["/", "/zipkin/"],
    ["/zipkin", "/zipkin/"],
    ["/favicon.ico", "/zipkin/favicon.ico"],
  ])("is led to from %s", async (path, location) => {
    const answer = await server.fetch(path);
    expect([answer.status, answer.headers.get("location")]).toEqual([302, location]);
  });

  it.each(["", "index.html", "traces/463ac35c9f6413ad", "dependency", "traceViewer"])(
    "is at /zipkin/%s, for a minute",
    async (path) => {
      const answer = await server.fetch(`/zipkin/${path}`);
      expect([answer.status, await answer.text()]).toEqual([200, INDEX]);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("cache-control")).toBe("max-age=60");
    },
  );

  it("keeps assets for a year", async () => {
    const answer = await server.fetch("/zipkin/static/index.c42cd5c9.js");
    expect([answer.status, await answer.text()]).toEqual([200, SCRIPT]);
    expect(answer.headers.get("cache-control")).toBe("max-age=31536000");
    expect(await (await server.fetch("/zipkin/favicon.ico")).text()).toBe("icon");
  });

  it.each(["config.json", "index.html", "static/index.c42cd5c9.js"])(
    "is not sent again to who has it: %s",
    async (path) => {
      const etag = (await server.fetch(`/zipkin/${path}`)).headers.get("etag") ?? "";
      const again = (tag: string) => sent("GET", `/zipkin/${path}`, { "if-none-match": tag });
      expect([await again(etag), await again('"another"')]).toEqual([304, 200]);
    },
  );

  it.each([
    "/zipkin/..%2fsecret.txt",
    "/zipkin/static/..%2f..%2fsecret.txt",
    "/zipkin/%2e%2e/secret.txt",
    "/zipkin/absent.js",
  ])("has nothing outside its folder: %s", async (path) => {
    expect(await sent("GET", path)).toBeGreaterThanOrEqual(400);
  });
});
