import { describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/load-config.ts";
import { startServer } from "../src/server.ts";
import { FREE_PORTS } from "./helpers/free-ports.ts";

function configOf(flags: Readonly<Record<string, string>>) {
  return loadConfig({ flags: { ...FREE_PORTS, "store.type": "memory", ...flags }, env: {}, cwd: "/" }).config;
}

describe("startServer", () => {
  it("runs two servers side by side in one process", async () => {
    const servers = await Promise.all([
      startServer({ config: configOf({}) }),
      startServer({ config: configOf({}) }),
    ]);
    const ready = await Promise.all(servers.map(({ ui }) => fetch(new URL("/readyz", ui))));
    expect(ready.map((response) => response.status)).toEqual([200, 200]);
    await Promise.all(servers.map((server) => server.stop()));
  });

  it("names addresses that work on this machine when it listens on every address", async () => {
    const server = await startServer({
      config: configOf({ "server.host": "0.0.0.0", "server.insecure": "true" }),
    });
    expect(server.ui).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(new URL("/healthz", server.ui))).status).toBe(200);
    await server.stop();
  });

  it("lets go of every port when one of them is taken", async () => {
    const first = await startServer({ config: configOf({}) });
    const taken = new URL(first.otlpHttp).port;
    const port = new URL(first.ui).port;
    await expect(
      startServer({ config: configOf({ "receivers.otlp.http.port": taken }) }),
    ).rejects.toMatchObject({
      code: "failed_precondition",
    });
    await first.stop();
    const again = await startServer({
      config: configOf({ "server.port": port, "receivers.otlp.http.port": taken }),
    });
    await again.stop();
  });

  it("may be stopped twice", async () => {
    const server = await startServer({ config: configOf({}) });
    await Promise.all([server.stop(), server.stop()]);
    await expect(fetch(new URL("/healthz", server.ui))).rejects.toThrow();
  });

  it("tells the last refusal and how to mend it", async () => {
    const server = await startServer({ config: configOf({}) });
    const headers = { "content-type": "application/x-protobuf" };
    await fetch(new URL("/v1/traces", server.otlpHttp), { method: "POST", headers, body: "no protobuf" });
    const status = (await (await fetch(new URL("/api/v1/status", server.ui))).json()) as {
      lastIngestError: { message: string; fix: string };
    };
    expect(status.lastIngestError.message).toContain("byte");
    expect(status.lastIngestError.fix).toContain("4318");
    await server.stop();
  });
});
