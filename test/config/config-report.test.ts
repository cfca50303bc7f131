import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { configReference, settingText, shownSettings } from "../../src/config/config-report.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { environmentName } from "../../src/config/option-spec.ts";
import { OPTIONS } from "../../src/config/options.ts";

it("docs/configuration.md is what `tracagg config reference` prints", () => {
  const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
  expect(page).toBe(configReference());
});

it("flags, keys and environment names are each given once", () => {
  for (const names of [OPTIONS.map(({ key }) => key), OPTIONS.map(environmentName)]) {
    expect(new Set<string>(names).size).toBe(names.length);
  }
});

it("shows every option with its text and where it came from", () => {
  const loaded = loadConfig({
    env: { TRACAGG_RETENTION_AGE: "36h" },
    flags: { "server.port": "0" },
    cwd: "/nowhere",
    homeDir: "/home/ada",
  });
  const shown = shownSettings(loaded);
  expect(shown).toHaveLength(OPTIONS.length);
  expect(shown).toContainEqual({ key: "server.port", value: "0", origin: "--port" });
  expect(shown).toContainEqual({ key: "retention.age", value: "1d12h", origin: "TRACAGG_RETENTION_AGE" });
  expect(shown).toContainEqual({ key: "retention.bytes", value: "10GiB", origin: "default" });
  expect(shown).toContainEqual({ key: "data.dir", value: "/home/ada/.tracagg/data", origin: "default" });
});

it("never shows a secret", () => {
  const option = { ...OPTIONS[0]!, type: "string", secret: true } as const;
  expect(settingText({ option, value: "hunter2" })).toBe("***");
  expect(settingText({ option, value: "" })).toBe("");
});
