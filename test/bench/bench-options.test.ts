import { describe, expect, it } from "vitest";
import { parseBenchOptions } from "../../bench/bench-options.ts";

describe("options of the bench", () => {
  it("measure a million spans, identity only, everything but the history, once", () => {
    const options = parseBenchOptions([]);
    expect(options).toMatchObject({ spans: 1_000_000, rounds: 1, hasCollector: false, isPinned: true });
    expect([...options.variants]).toEqual([
      "http merged identity",
      "http recorded identity",
      "grpc merged identity",
      "grpc recorded identity",
    ]);
    expect([...options.scenarios]).toEqual(["restart", "queries", "steady", "querying"]);
  });

  it("of a report measure all of it, three times", () => {
    const options = parseBenchOptions(["--report", "a.md"]);
    expect(options).toMatchObject({ rounds: 3, hasCollector: true, reportFile: "a.md" });
    expect(options.scenarios).toContain("history");
  });

  it("of a report give way to what is said", () => {
    const options = parseBenchOptions([
      "--report",
      "a.md",
      "--no-history",
      "--peer",
      "none",
      "--rounds",
      "1",
    ]);
    expect(options).toMatchObject({ rounds: 1, hasCollector: false });
    expect(options.scenarios).not.toContain("history");
  });

  it("of a quick report measure little, once", () => {
    const options = parseBenchOptions(["--quick", "--report", "a.md"]);
    expect(options).toMatchObject({ spans: 200_000, rounds: 1, hasCollector: true });
    expect(options.scenarios).not.toContain("history");
    expect(parseBenchOptions(["--quick", "--spans", "10000000"]).spans).toBe(10_000_000);
  });

  it("choose by parts of names", () => {
    const options = parseBenchOptions(["--only", "grpc merged, queries"]);
    expect([...options.variants]).toEqual(["grpc merged identity", "grpc merged gzip"]);
    expect([...options.scenarios]).toEqual(["queries"]);
    expect([...parseBenchOptions(["--only", "history"]).scenarios]).toEqual(["history"]);
  });

  it("name a backend that runs already", () => {
    const args = ["--against", "http://127.0.0.1:1", "--against", "grpc://127.0.0.1:2", "--pid", "7"];
    expect(parseBenchOptions([...args, "--data", "d", "--settle", "5"]).against).toEqual({
      urls: ["http://127.0.0.1:1", "grpc://127.0.0.1:2"],
      pid: 7,
      dataFolder: "d",
      settleMillis: 5_000,
    });
    expect(parseBenchOptions([]).against).toBeUndefined();
  });

  it.each([
    [["--spans", "1e6"], '--spans: expected a whole number above 0, got "1e6"'],
    [["--concurrency", "0"], '--concurrency: expected a whole number above 0, got "0"'],
    [["--only", "grcp"], "--only: expected parts of http merged identity"],
    [["--only", ""], 'got ""'],
    [["--peer", "tempo"], '--peer: expected collector or none, got "tempo"'],
    [["--pid", "7"], "--pid: expected --against URL with it"],
    [["--nonsense"], "--help lists the options"],
  ])("refuse %j and say what was expected", (args, message) => {
    const parse = () => parseBenchOptions(args);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
