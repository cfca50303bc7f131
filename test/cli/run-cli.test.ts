import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TracAggError } from "../../src/base/errors.ts";
import { millisTextFrom, rangeParameters } from "../../src/cli/filter-flags.ts";
import { nextFreePort, withFreePort } from "../../src/cli/port-hint.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { jsonLines, runCommand } from "./cli-harness.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tracagg-run-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("help", () => {
  it.each([
    "start",
    "demo",
    "search",
    "trace",
    "services",
    "dependencies",
    "critical-path",
    "findings",
    "what-if",
    "compare",
    "stats",
    "export",
    "import",
    "config check",
    "config show",
    "config reference",
  ])("of %s has an example and --json", async (command) => {
    const { exitCode, stdout } = await runCommand([...command.split(" "), "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\nExamples?:\n {2}\$ tracagg /);
    expect(stdout).toContain("--json");
  });

  it("of start has a flag for every option", async () => {
    const { stdout } = await runCommand(["start", "--help"]);
    for (const { flag } of OPTIONS) expect(stdout).toMatch(new RegExp(`--${flag}\\b`));
  });

  it("lists the commands and the exit codes", async () => {
    const { exitCode, stdout } = await runCommand(["--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/critical-path \[?.*\n[\s\S]*Exit codes: 0 .* 1 .* 2 .* 3 /);
  });
});

describe("wrong usage", () => {
  it.each([
    [["serch"], /unknown command "serch"; did you mean "search"\?/],
    [["zzzzzzzzzz"], /unknown command "zzzzzzzzzz"; known: start, demo, /],
    [["search", "--limt", "3"], /unknown option '--limt'[\s\S]*Did you mean --limit\?/],
    [["search", "--limit", "0"], /Expected a whole number from 1 to 100000/],
    [["search", "--min-duration", "5"], /Expected a length of time such as 100ms/],
    [["search", "--attribute", "=x"], /Expected key=value/],
    [["what-if", "ab", "--service", "a", "--percent", "101"], /Expected a whole number from 1 to 100/],
    [["what-if", "ab"], /required option '--service <name>' not specified/],
    [["trace"], /missing required argument 'traceId'/],
    [["dependencies", "--format", "svg"], /Allowed choices are list, graph, dot/],
    [["services", "--server", "localhost:1"], /--server: expected a URL such as http:\/\/127\.0\.0\.1:16686/],
    [["start", "--port", "many"], /--port: expected a port, from 0 to 65535, got "many"/],
    [["start", "--host", "0.0.0.0"], /no authentication.*--insecure/],
  ])("%j ends with 2 and says what was expected", async (given, message) => {
    const { exitCode, stdout, stderr } = await runCommand(given, { cwd: folder });
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
  });
});

describe("config", () => {
  it("check says every problem with its place and ends with 1", async () => {
    const file = join(folder, "tracagg.yaml");
    writeFileSync(file, "server:\n  prot: 1\n  port: x\n");
    const { exitCode, stdout } = await runCommand(["config", "check", file], { isTerminal: true });
    expect(exitCode).toBe(1);
    expect(stdout).toBe(
      `${file}:2:3: unknown key "server.prot"; did you mean "server.port"?\n` +
        `${file}:3:9: server.port: expected a port, from 0 to 65535, got "x"\n`,
    );
    const inPipe = await runCommand(["config", "check"], { cwd: folder });
    expect(JSON.parse(inPipe.stdout)).toMatchObject({ ok: false, problems: stdout.trimEnd().split("\n") });
  });

  it("check finds nothing wrong with a good file, and ends with 0", async () => {
    writeFileSync(join(folder, "tracagg.yaml"), "server: {port: 0}\n");
    const { exitCode, stdout } = await runCommand(["config", "check"], { cwd: folder, isTerminal: true });
    expect([exitCode, stdout]).toEqual([0, `${join(folder, "tracagg.yaml")}: ok\n`]);
  });

  it("show gives each value, and with --origin where it came from", async () => {
    writeFileSync(join(folder, "tracagg.yaml"), "retention:\n  age: 3d\n");
    const options = { cwd: folder, env: { TRACAGG_PORT: "0" } };
    const { stdout } = await runCommand(["config", "show", "--origin", "--store", "memory"], options);
    const rows = jsonLines(stdout);
    expect(rows).toContainEqual({ key: "server.port", value: "0", origin: "TRACAGG_PORT" });
    expect(rows).toContainEqual({ key: "store.type", value: "memory", origin: "--store" });
    const origin = `${join(folder, "tracagg.yaml")}:2:8`;
    expect(rows).toContainEqual({ key: "retention.age", value: "3d", origin });
    const plain = await runCommand(["config", "show"], options);
    expect(jsonLines(plain.stdout)).toContainEqual({ key: "retention.age", value: "3d" });
  });
});

describe("flags of a search", () => {
  it.each([
    ["100ms", "100"],
    ["1.5s", "1500"],
    ["250us", "0.25"],
    ["1ns", "0.000001"],
    ["2m", "120000"],
  ])("%s is %s milliseconds", (text, millis) => {
    expect(millisTextFrom(text)).toBe(millis);
  });

  it("--since is a length of time back from now, or a time; --start comes before it", () => {
    expect(rangeParameters({ since: "1h" })).toEqual({ start: "-1h", end: undefined });
    expect(rangeParameters({ since: "2026-01-31T12:00:00Z", end: "now" })).toEqual({
      start: "2026-01-31T12:00:00Z",
      end: "now",
    });
    expect(rangeParameters({ since: "1h", start: "-2h" })).toMatchObject({ start: "-2h" });
  });
});

describe("a port that is taken", () => {
  it("is answered with the flag to change and the next free port", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", () => resolve()));
    const { port } = holder.address() as AddressInfo;
    const flags = { "receivers.otlp.grpc.port": String(port), "server.port": String(port + 1) };
    const { config } = loadConfig({ flags, env: {}, cwd: folder });
    const thrown = new TracAggError(
      "failed_precondition",
      `OTLP/gRPC: cannot listen on 127.0.0.1:${port}: another program has it; stop that program`,
    );
    const error = await withFreePort(thrown, config);
    const free = await nextFreePort(port, config);
    await new Promise((resolve) => holder.close(resolve));
    expect(free).toBeGreaterThan(port + 1);
    expect(error.message).toBe(
      `port ${port} (receivers.otlp.grpc.port) is taken by another program; choose another with ` +
        `--otlp-grpc-port or TRACAGG_OTLP_GRPC_PORT: ${free} is free, 0 picks one`,
    );
  });

  it("is not seen in other errors", async () => {
    const { config } = loadConfig({ env: {}, cwd: folder });
    const thrown = new TracAggError("failed_precondition", "the data folder is in use");
    expect(await withFreePort(thrown, config)).toBe(thrown);
  });
});
