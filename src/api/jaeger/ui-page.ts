/** The page of Jaeger's UI, with what a backend fills in. */

import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { TracAggError } from "../../base/errors.ts";

/** Path that the UI is served under, with a slash at its end. */
export const UI_BASE = "/jaeger/";

/** What TracAgg can do, by the names the UI reads. */
const CAPABILITIES = Object.freeze({
  archiveStorage: false,
  metricsStorage: true,
  searchWithoutServiceName: true,
  aiAssistant: false,
});

/** Screens that other backends have nothing to show on are switched on, unless a file says otherwise. */
const DEFAULT_CONFIG = Object.freeze({
  dependencies: { menuEnabled: true },
  monitor: { menuEnabled: true },
  deepDependencies: { menuEnabled: true },
  qualityMetrics: {
    menuEnabled: true,
    menuLabel: "Trace Quality",
    apiEndpoint: "/api/quality-metrics",
  },
});

/** Fragments of the page that a backend replaces; spaces round the sign vary with the build. */
const CONFIG = /JAEGER_CONFIG *= *DEFAULT_CONFIG;/;
const CONFIG_JS = /^[^\S\n]*\/\/[^\S\n]*JAEGER_CONFIG_JS.*\n.*/im;
const UI_VERSION = /JAEGER_VERSION *= *DEFAULT_VERSION;/;
const BACKEND = /JAEGER_BACKEND_CAPABILITIES *= *DEFAULT_BACKEND_CAPABILITIES;/;
/** What builds of the UI up to 2.18 have in its place. */
const STORAGE = /JAEGER_STORAGE_CAPABILITIES *= *DEFAULT_STORAGE_CAPABILITIES;/;
/** Builds that do not find their own prefix have a fixed one. */
const BASE = /<base href="\/"/;
const CONFIG_FUNCTION = /function\s+UIConfig\s?\(\s?\)\s?\{/;

/** Where the page comes from. */
export interface UiPageOptions {
  readonly uiDir: string;
  /** File with the configuration of the UI, `.json` or `.js`; "" for TracAgg's own. */
  readonly configFile: string;
  /** Version of TracAgg. */
  readonly version: string;
}

/**
 * Reads the page.
 *
 * @throws TracAggError `failed_precondition` when there is none, or the configuration is no such file.
 */
export async function uiPage({ uiDir, configFile, version }: UiPageOptions): Promise<string> {
  const html = await readText(join(uiDir, "index.html"), "api.jaeger.uiDir");
  const configured =
    configFile === ""
      ? replaced(html, CONFIG, `JAEGER_CONFIG = ${scriptJson(DEFAULT_CONFIG)};`)
      : await configuredPage(html, configFile);
  const versions = scriptJson({ gitCommit: "", gitVersion: `TracAgg ${version}`, buildDate: "" });
  const capabilities = scriptJson(CAPABILITIES);
  return [
    [UI_VERSION, `JAEGER_VERSION = ${versions};`] as const,
    [BACKEND, `JAEGER_BACKEND_CAPABILITIES = ${capabilities};`] as const,
    [STORAGE, `JAEGER_STORAGE_CAPABILITIES = ${capabilities};`] as const,
    [BASE, `<base href="${UI_BASE}"`] as const,
  ].reduce((page, [pattern, text]) => replaced(page, pattern, text), configured);
}

async function configuredPage(html: string, configFile: string): Promise<string> {
  const text = await readText(configFile, "api.jaeger.uiConfig");
  switch (extname(configFile).toLowerCase()) {
    case ".json":
      return replaced(html, CONFIG, `JAEGER_CONFIG = ${scriptJson(configFrom(text, configFile))};`);
    case ".js":
      if (CONFIG_FUNCTION.test(text)) return replaced(html, CONFIG_JS, text.trim());
      throw refused(`${configFile}: expected it to define function UIConfig()`);
    default:
      throw refused(`${configFile}: expected a .json or .js file`);
  }
}

function configFrom(text: string, file: string): object {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config;
  } catch {
    // One message for both.
  }
  throw refused(`${file}: expected a JSON object`);
}

/** A text stands for itself, whatever dollar signs are in it. */
function replaced(page: string, pattern: RegExp, text: string): string {
  return page.replace(pattern, () => text);
}

/** JSON that ends no script element. */
function scriptJson(value: object): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

async function readText(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new TracAggError("failed_precondition", `${option}: ${file} cannot be read`, {
      cause,
      field: option,
    });
  }
}

function refused(message: string): TracAggError {
  return new TracAggError("failed_precondition", `api.jaeger.uiConfig: ${message}`, {
    field: "api.jaeger.uiConfig",
  });
}
