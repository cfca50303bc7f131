// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file format writes references to the environment so.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OptionValue } from "../../src/config/config.ts";
import type { LoadedConfig } from "../../src/config/load-config.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import type { OptionSpec } from "../../src/config/option-spec.ts";
import { environmentName } from "../../src/config/option-spec.ts";
import { OPTIONS } from "../../src/config/options.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tracagg-config-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Loads without anything of this machine. */
function load(sources: { flags?: object; env?: Record<string, string>; yaml?: string } = {}): LoadedConfig {
  const file = join(folder, "given.yaml");
  if (sources.yaml !== undefined) writeFileSync(file, sources.yaml);
  return loadConfig({
    flags: { ...sources.flags },
    env: sources.env ?? {},
    file: sources.yaml === undefined ? undefined : file,
    cwd: folder,
    homeDir: "/home/ada",
  });
}

function refusalOf(sources: Parameters<typeof load>[0]): string {
  try {
    load(sources);
  } catch (error) {
    return (error as Error).message.replaceAll(join(folder, "given.yaml"), "given.yaml");
  }
  return "accepted";
}

/** A text for every type, and the value it means; none is a default. */
const SAMPLES: Readonly<Record<OptionSpec["type"], readonly [string, OptionValue]>> = {
  string: ["127.0.0.2", "127.0.0.2"],
  path: ["/srv/spans", "/srv/spans"],
  boolean: ["true", true],
  integer: ["7", 7],
  bytes: ["200MiB", 200 * 1024 ** 2],
  duration: ["90s", 90_000],
  port: ["5001", 5_001],
  list: ["https://a.example,https://b.example", ["https://a.example", "https://b.example"]],
  enum: ["", ""],
};

const PUSH_ENTRIES = ["a=otlp-http:http://a.example:4318", "b=zipkin:http://b.example:9411"];

function sampleOf(option: OptionSpec): readonly [string, OptionValue] {
  if (option.key === "export.push") return [PUSH_ENTRIES.join(","), PUSH_ENTRIES];
  if (option.type !== "enum") return SAMPLES[option.type];
  const word = option.words?.find((candidate) => candidate !== option.default) as string;
  return [word, word];
}

function yamlOf(key: string, text: string): string {
  return key
    .split(".")
    .map((name, depth) => `${"  ".repeat(depth)}${name}:`)
    .join("\n")
    .concat(` ${JSON.stringify(text)}\n`);
}

function valueAt(config: object, option: OptionSpec): unknown {
  const path = `${option.key}${option.type === "duration" ? "Millis" : ""}`.split(".");
  return path.reduce<unknown>((branch, name) => (branch as Record<string, unknown>)[name], config);
}

describe.each(OPTIONS)("option $key", (option) => {
  const [text, value] = sampleOf(option);

  it("has a default of its own type in the configuration", () => {
    const expected = option.default === "~/.tracagg/data" ? "/home/ada/.tracagg/data" : option.default;
    expect(valueAt(load().config, option)).toEqual(expected);
  });

  it("is read from its flag", () => {
    const loaded = load({ flags: { [option.key]: text } });
    expect(valueAt(loaded.config, option)).toEqual(value);
    const setting = loaded.settings.find((candidate) => candidate.option === option);
    expect(setting?.origin).toEqual({ kind: "flag", name: `--${option.flag}` });
  });

  it("is read from its environment variable", () => {
    const loaded = load({ env: { [environmentName(option)]: text } });
    expect(valueAt(loaded.config, option)).toEqual(value);
    const setting = loaded.settings.find((candidate) => candidate.option === option);
    expect(setting?.origin).toEqual({ kind: "environment", name: environmentName(option) });
    expect(loaded.warnings).toEqual([]);
  });

  it("is read from the file, with its place", () => {
    const loaded = load({ yaml: yamlOf(option.key, text) });
    expect(valueAt(loaded.config, option)).toEqual(value);
    const setting = loaded.settings.find((candidate) => candidate.option === option);
    const line = option.key.split(".").length;
    expect(setting?.origin).toMatchObject({ kind: "file", file: join(folder, "given.yaml"), line });
  });
});

describe("a port that may be off", () => {
  it("is off by default and by name, and 0 is a port", () => {
    const portOf = (flags: object) => load({ flags }).config.api.tempo.port;
    expect([portOf({}), portOf({ "api.tempo.port": "off" }), portOf({ "api.tempo.port": "0" })]).toEqual([
      -1, -1, 0,
    ]);
  });

  it("is read from the file", () => {
    expect(load({ yaml: "api:\n  tempo:\n    port: off\n" }).config.api.tempo.port).toBe(-1);
    expect(load({ yaml: "api:\n  tempo:\n    port: 3200\n" }).config.api.tempo.port).toBe(3_200);
  });

  it("refuses anything else in words that name both", () => {
    expect(refusalOf({ flags: { "api.tempo.port": "-1" } })).toContain(
      "expected off, or a port from 0 to 65535",
    );
    expect(refusalOf({ flags: { "server.port": "off" } })).toContain("expected a port, from 0 to 65535");
  });
});

describe("precedence", () => {
  const yaml = "server:\n  port: 1001\n";

  it("puts flags over environment over file over defaults", () => {
    const env = { TRACAGG_PORT: "1002" };
    expect(load().config.server.port).toBe(16_686);
    expect(load({ yaml }).config.server.port).toBe(1_001);
    expect(load({ yaml, env }).config.server.port).toBe(1_002);
    expect(load({ yaml, env, flags: { "server.port": "1003" } }).config.server.port).toBe(1_003);
  });

  it("takes an empty environment variable for one that is not set", () => {
    expect(load({ yaml, env: { TRACAGG_PORT: "" } }).config.server.port).toBe(1_001);
  });

  it("finds tracagg.yaml in the working folder, and TRACAGG_CONFIG before it", () => {
    writeFileSync(join(folder, "tracagg.yaml"), "server: {port: 2001}\n");
    writeFileSync(join(folder, "other.yaml"), "server: {port: 2002}\n");
    expect(loadConfig({ env: {}, cwd: folder }).config.server.port).toBe(2_001);
    expect(loadConfig({ env: { TRACAGG_CONFIG: "other.yaml" }, cwd: folder }).config.server.port).toBe(2_002);
    expect(loadConfig({ env: {}, cwd: folder, file: "other.yaml" }).file).toBe(join(folder, "other.yaml"));
  });

  it("says which file cannot be read and how to name another", () => {
    expect(() => loadConfig({ env: {}, cwd: folder, file: "none.yaml" })).toThrow(
      /cannot read the configuration file .*none\.yaml: .*ENOENT.*--config/,
    );
  });
});

describe("the value", () => {
  it("is frozen at every depth", () => {
    const { config } = load();
    const branches = [config, config.server, config.receivers.otlp.http.cors];
    expect(branches.every((branch) => Object.isFrozen(branch))).toBe(true);
    expect(Object.isFrozen(config.receivers.otlp.http.cors.allowedOrigins)).toBe(true);
  });

  it("holds absolute paths: ~ is the home folder, the rest starts in the working folder", () => {
    expect(load({ flags: { "data.dir": "spans" } }).config.data.dir).toBe(join(folder, "spans"));
    expect(load({ flags: { "data.dir": "~/spans" } }).config.data.dir).toBe("/home/ada/spans");
  });
});

describe("the file", () => {
  it("replaces references to the environment, with defaults, and leaves $$ as a dollar sign", () => {
    const yaml = 'server:\n  port: ${env:PORT:-4001}\n  host: "${env:HOST}"\ndata:\n  dir: /a$$b\n';
    const { config } = load({ yaml, env: { HOST: "localhost" } });
    expect(config.server).toMatchObject({ port: 4_001, host: "localhost" });
    expect(config.data.dir).toBe("/a$b");
    expect(load({ yaml, env: { HOST: "localhost", PORT: "4002" } }).config.server.port).toBe(4_002);
  });

  it("takes lists, aliases and empty sections", () => {
    const yaml =
      "server:\nreceivers:\n  otlp:\n    grpc: {port: &port 0}\n    http:\n      port: *port\n" +
      "      cors:\n        allowedOrigins: [https://a.example, 'https://b.example']\n";
    const { otlp } = load({ yaml }).config.receivers;
    expect(otlp.http).toEqual({
      port: 0,
      cors: { allowedOrigins: ["https://a.example", "https://b.example"] },
    });
  });

  it.each([
    ["server:\n  hst: x\n", '2:3: unknown key "server.hst"; did you mean "server.host"?'],
    ["retenton:\n  age: 3d\n", '1:1: unknown key "retenton"; did you mean "retention"?'],
    ["port: 3\n", '1:1: unknown key "port"; did you mean "server.port"?'],
    [
      "ingest:\n  max_in_flight_bytes: 1GiB\n",
      '2:3: unknown key "ingest.max_in_flight_bytes"; did you mean "ingest.maxInFlightBytes"?',
    ],
    ["retention:\n  colour: red\n", '2:3: unknown key "retention.colour"; known here: age, bytes'],
    ["server:\n  port: 99999\n", '2:9: server.port: expected a port, from 0 to 65535, got "99999"'],
    ["server:\n  insecure: maybe\n", '2:13: server.insecure: expected true or false, got "maybe"'],
    ["store:\n  type: disk\n", '2:9: store.type: expected one of lake, memory, got "disk"'],
    [
      "retention:\n  bytes: [1]\n",
      "2:10: retention.bytes: expected a number of bytes such as 64MiB, from 1MiB to 1024TiB, got a list",
    ],
    [
      "retention:\n  age: 7\n",
      '2:8: retention.age: expected a length of time such as 30s, 5m or 7d, from 1m to 3650d, got "7"',
    ],
    [
      "retention:\n  age:\n",
      "2:3: retention.age: expected a length of time such as 30s, 5m or 7d, from 1m to 3650d, got nothing; remove the line to use the default",
    ],
    ["logging: loud\n", '1:10: logging: expected a section with format, level, got "loud"'],
    [
      "- 1\n",
      "1:1: the file: expected a section with api, data, export, ingest, log, logging, query, receivers, retention, sampling, server, store, got a list",
    ],
    [
      "query:\n  maxConcurrent: 0\n",
      '2:18: query.maxConcurrent: expected a whole number of requests, from 1 to 1024, got "0"',
    ],
    [
      "server:\n  host: ${env:NOPE}\n",
      "2:9: server.host: the environment variable NOPE is not set; set it or write ${env:NOPE:-default}",
    ],
    [
      "server:\n  host: ${NOPE}\n",
      "2:9: server.host: expected ${env:NAME} or ${env:NAME:-default}, got ${NOPE} (a plain dollar sign is $$)",
    ],
    ["server:\n  port: 1\n  port: 2\n", "3:3: Map keys must be unique"],
  ])("refuses %j with the place", (yaml, problem) => {
    expect(refusalOf({ yaml })).toBe(`given.yaml:${problem}`);
  });

  it("names every problem at once", () => {
    const yaml = "server:\n  hst: x\n  port: -1\n";
    expect(refusalOf({ yaml, env: { TRACAGG_STORE: "disk" } }).split("\n")).toEqual([
      'given.yaml:2:3: unknown key "server.hst"; did you mean "server.host"?',
      'given.yaml:3:9: server.port: expected a port, from 0 to 65535, got "-1"',
      'TRACAGG_STORE: expected one of lake, memory, got "disk" (option store.type)',
    ]);
  });
});

describe("refusals beyond one value", () => {
  it.each(["0.0.0.0", "::", "192.168.1.4", "example.org", ""])("lets nobody listen on %j unasked", (host) => {
    expect(refusalOf({ flags: { "server.host": host } })).not.toBe("accepted");
  });

  it("says why a listener for other machines is refused, and how it is allowed", () => {
    expect(refusalOf({ flags: { "server.host": "0.0.0.0" } })).toMatch(
      /^server\.host: "0\.0\.0\.0" lets other machines in, .*no authentication.*--insecure .*TRACAGG_INSECURE=true/,
    );
    const open = load({ flags: { "server.host": "0.0.0.0", "server.insecure": "true" } });
    expect(open.config.server.host).toBe("0.0.0.0");
  });

  it.each(["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "::1", "[::1]", "0:0:0:0:0:0:0:1"])(
    "takes %s for this machine",
    (host) => {
      expect(load({ flags: { "server.host": host } }).config.server.host).toBe(host);
    },
  );

  it("refuses to admit less than one request may hold", () => {
    expect(refusalOf({ flags: { "ingest.maxInFlightBytes": "1MiB" } })).toBe(
      "ingest.maxInFlightBytes: expected at least receivers.otlp.maxRequestBytes (64MiB), got 1MiB",
    );
  });

  it("refuses a log that keeps less than the store seals at", () => {
    expect(refusalOf({ flags: { "log.maxRetainedBytes": "40MiB" } })).toBe(
      "log.maxRetainedBytes: expected at least one and a half times store.lake.sealBytes (48MiB), got 40MiB",
    );
  });

  it("warns of an unknown variable and names the one that was meant", () => {
    const { warnings } = load({ env: { TRACAGG_RETENTION_AG: "1d", TRACAGG_SERVER: "http://a" } });
    expect(warnings).toEqual([
      "unknown environment variable TRACAGG_RETENTION_AG; did you mean TRACAGG_RETENTION_AGE?",
    ]);
  });
});
