import { describe, expect, it } from "vitest";
import { withTemporaryFolder } from "../../bench/machine/child-process.ts";
import { buildCollector, collectorVersion } from "../../bench/targets/collector-build.ts";
import { endpointsFromUrls, externalKind } from "../../bench/targets/external-target.ts";
import { storeActivity } from "../../bench/targets/tracagg-server.ts";

describe("a backend that runs already", () => {
  it("is sent to by the transport of its URLs", () => {
    const urls = ["grpc://127.0.0.1:4317", "http://127.0.0.1:4318/otlp"];
    expect(endpointsFromUrls(urls)).toEqual({ grpc: "127.0.0.1:4317", http: "http://127.0.0.1:4318/otlp" });
    expect(externalKind({ urls: urls.slice(0, 1), settleMillis: 0 }).protocols).toEqual(["grpc"]);
  });

  it.each(["127.0.0.1:4318", "https://example.org", "grpc:4317"])("cannot be at %s", (url) => {
    expect(() => endpointsFromUrls([url])).toThrow(
      `--against: expected http://host:port[/path] or grpc://host:port, got "${url}"`,
    );
  });

  it("is refused when its process cannot be looked at", async () => {
    const kind = externalKind({ urls: ["http://127.0.0.1:1"], pid: 2 ** 30, settleMillis: 0 });
    await expect(kind.start("")).rejects.toThrow("--pid: no process 1073741824 under /proc");
  });

  it("is measured without CPU and memory when no process is named", async () => {
    const target = await externalKind({ urls: ["http://127.0.0.1:1"], settleMillis: 60_000 }).start("");
    expect(await target.settled()).toBeGreaterThan(0);
    expect([target.readings(), await target.stop()]).toEqual([undefined, undefined]);
  });
});

describe("what the store does in the background", () => {
  it("is read from the metrics page", () => {
    const page =
      "# TYPE tracagg_store_sealing gauge\ntracagg_store_sealing 1\ntracagg_store_hot_spans 1.5e+06\n";
    expect(storeActivity(page)).toEqual({ isBusy: true, hotSpans: 1_500_000 });
  });

  it("includes compaction where a store has one", () => {
    const page = "tracagg_store_sealing 0\ntracagg_store_compacting 1\ntracagg_store_hot_spans 0\n";
    expect(storeActivity(page)).toEqual({ isBusy: true, hotSpans: 0 });
  });

  it("is nothing for a store without those gauges", () => {
    expect(storeActivity("")).toEqual({ isBusy: false, hotSpans: 0 });
  });
});

describe("the Collector", () => {
  it("has its version from the Go module", () => {
    expect(collectorVersion()).toMatch(/^v\d+\.\d+\.\d+$/);
  });

  it("needs Go, and says so", async () => {
    await withTemporaryFolder(async (cacheFolder) => {
      await expect(buildCollector({ cacheFolder, go: "no-such-go" })).rejects.toMatchObject({
        code: "failed_precondition",
        message: expect.stringContaining("install Go, or run with --peer none"),
      });
    });
  });
});
