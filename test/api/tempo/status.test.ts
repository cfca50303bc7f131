import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../../src/config/load-config.ts";
import type { RunningServer } from "../../../src/server.ts";
import { startServer } from "../../../src/server.ts";
import { FREE_PORTS } from "../../helpers/free-ports.ts";
import { startApi } from "../api-fixture.ts";

const FLAGS = {
  ...FREE_PORTS,
  "store.type": "memory",
};

function start(flags: Readonly<Record<string, string>>): Promise<RunningServer> {
  return startServer({ config: loadConfig({ flags: { ...FLAGS, ...flags }, env: {}, cwd: "/" }).config });
}

let server: RunningServer;
beforeAll(async () => {
  server = await start({ "api.tempo.port": "0" });
});
afterAll(() => server.stop());

async function text(path: string): Promise<readonly [number, string]> {
  const answer = await fetch(`${server.tempo}${path}`);
  return [answer.status, await answer.text()];
}

describe("the port of the Tempo API", () => {
  it("is off unless asked for", async () => {
    const without = await start({});
    expect(without.tempo).toBeUndefined();
    await without.stop();
  });

  it("answers probes at its root", async () => {
    expect(await text("/ready")).toEqual([200, "ready\n"]);
    expect(await text("/api/echo")).toEqual([200, "echo"]);
    expect((await text("/status/version"))[1]).toMatch(/^tracagg, version \d/);
    expect((await text("/status"))[1]).toContain("GET /api/search\n");
    expect((await text("/status/endpoints"))[1].split("\n")).toContain("GET /api/v2/traces/{traceId}");
    expect((await text("/metrics"))[1]).toContain("tracagg_queries_total");
  });

  it("says why it is not ready", async () => {
    const api = await startApi([], { notReadyReasons: () => ["starting"] });
    const answer = await api.fetch("/tempo/ready");
    expect([answer.status, await answer.text()]).toEqual([503, "starting\n"]);
    await api.stop();
  });

  it("refuses in plain text what is not there and what is asked the wrong way", async () => {
    expect(await text("/api/v1/traces")).toEqual([
      404,
      "there is no /api/v1/traces here; /status/endpoints lists what there is\n",
    ]);
    const posted = await fetch(`${server.tempo}/api/search`, { method: "POST" });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });

  it("says 429 when too many queries wait", async () => {
    const api = await startApi([], { limits: { maxRunning: 0, maxWaiting: 0 } });
    const answer = await api.fetch("/tempo/api/search?q={}");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "1"]);
    await api.stop();
  });

  it("refuses requests that name another host than loopback", async () => {
    const { port } = new URL(server.tempo as string);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.end("GET /api/echo HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
      });
      socket.once("data", (chunk) => resolve(chunk.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("names the flag to change when the port is taken", async () => {
    const { port } = new URL(server.tempo as string);
    await expect(start({ "api.tempo.port": port })).rejects.toThrow("Tempo API (--tempo-port)");
  });
});
