/** Makes the configuration: flags over environment over file over defaults. */

import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { TracAggError } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import type { OptionKey, OptionValue, TracAggConfig } from "./config.ts";
import type { FileSetting } from "./config-file.ts";
import { settingsFromYaml } from "./config-file.ts";
import { isLoopbackHost } from "./loopback.ts";
import type { OptionSpec } from "./option-spec.ts";
import { environmentName } from "./option-spec.ts";
import { expectedText, valueFromText } from "./option-value.ts";
import { OPTIONS } from "./options.ts";
import { pushProblems } from "./push-target.ts";
import { textFromBytes } from "./quantity-text.ts";

/** Environment variables as Node has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where values may come from; everything has the process's own as default. */
export interface LoadConfigOptions {
  /** Text of the flags given, by option key. */
  readonly flags?: Readonly<Partial<Record<OptionKey, string>>>;
  readonly env?: Environment;
  /** The configuration file; default `TRACAGG_CONFIG`, then `tracagg.yaml` in the working folder if there is one. */
  readonly file?: string | undefined;
  /** Working folder: relative paths start here. */
  readonly cwd?: string;
  /** What `~` stands for. */
  readonly homeDir?: string;
}

/** Where a value came from. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "flag"; readonly name: string }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number };

/** One option with its value and where that came from. */
export interface Setting {
  readonly option: OptionSpec;
  readonly value: OptionValue;
  readonly origin: Origin;
}

/** The configuration and how it came about. */
export interface LoadedConfig {
  readonly config: TracAggConfig;
  /** The file that was read, undefined when there was none. */
  readonly file: string | undefined;
  /** Every option, in the order of the table. */
  readonly settings: readonly Setting[];
  /** What is probably not meant, such as an unknown `TRACAGG_` variable. */
  readonly warnings: readonly string[];
}

/** The file looked for in the working folder. */
export const DEFAULT_CONFIG_FILE = "tracagg.yaml";

/** Largest configuration file: every option with a long comment needs a hundredth of it. */
const MAX_CONFIG_FILE_BYTES = 1024 * 1024;

/** Variables that are no option of the server. */
const OTHER_VARIABLES: readonly string[] = ["TRACAGG_CONFIG", "TRACAGG_SERVER", "TRACAGG_CORPUS"];

interface Sources extends Required<Omit<LoadConfigOptions, "file">> {
  readonly file: string | undefined;
}

function readConfigFile(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_CONFIG_FILE_BYTES) {
      throw new TracAggError(
        "invalid_argument",
        `${file}: expected at most ${MAX_CONFIG_FILE_BYTES} bytes, got ${size}`,
      );
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof TracAggError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `cannot read the configuration file ${file}: ${reason}; name another with --config or TRACAGG_CONFIG`;
    throw new TracAggError("invalid_argument", message, { cause: error });
  }
}

function configFileOf(options: LoadConfigOptions, env: Environment, cwd: string): string | undefined {
  const named = options.file ?? env["TRACAGG_CONFIG"];
  if (named !== undefined && named !== "") return resolve(cwd, named);
  const usual = join(cwd, DEFAULT_CONFIG_FILE);
  return statSync(usual, { throwIfNoEntry: false })?.isFile() ? usual : undefined;
}

/** A path as it is meant: `~` is the home folder, the rest starts in the working folder. */
function absolutePath(path: string, sources: Sources): string {
  if (path === "") return "";
  const expanded = path === "~" || path.startsWith("~/") ? join(sources.homeDir, path.slice(1)) : path;
  return resolve(sources.cwd, expanded);
}

function settingFromText(option: OptionSpec, text: string, origin: Origin, where: string): Setting | string {
  const value = valueFromText(option, text);
  if (value !== undefined) return { option, value, origin };
  const got = option.secret === true ? "something else" : `"${text}"`;
  return `${where}: expected ${expectedText(option)}, got ${got} (option ${option.key})`;
}

/** The setting of one option, or what is wrong with it. */
function settingOf(
  option: OptionSpec,
  sources: Sources,
  fileSettings: ReadonlyMap<string, FileSetting>,
): Setting | string {
  const flag = sources.flags[option.key];
  if (flag !== undefined) {
    const name = `--${option.flag}`;
    return settingFromText(option, flag, { kind: "flag", name }, name);
  }
  const name = environmentName(option);
  const variable = sources.env[name];
  // An empty variable is how container files say "not set".
  if (variable !== undefined && variable !== "") {
    return settingFromText(option, variable, { kind: "environment", name }, name);
  }
  const inFile = fileSettings.get(option.key);
  if (inFile === undefined || sources.file === undefined) {
    return { option, value: option.default, origin: { kind: "default" } };
  }
  const { value, line, column } = inFile;
  return { option, value, origin: { kind: "file", file: sources.file, line, column } };
}

function withAbsolutePath(setting: Setting, sources: Sources): Setting {
  if (setting.option.type !== "path" || typeof setting.value !== "string") return setting;
  return { ...setting, value: absolutePath(setting.value, sources) };
}

type Branch = { [name: string]: Branch | OptionValue };

function deepFreeze(branch: Branch): void {
  for (const value of Object.values(branch)) if (typeof value === "object") deepFreeze(value as Branch);
  Object.freeze(branch);
}

/** The table's types are those of the interface: test/config holds the two equal. */
function configFrom(settings: readonly Setting[]): TracAggConfig {
  const root: Branch = {};
  for (const { option, value } of settings) {
    const path = option.key.split(".");
    const leaf = `${path.pop() as string}${option.type === "duration" ? "Millis" : ""}`;
    let branch = root;
    for (const name of path) {
      branch[name] ??= {};
      branch = branch[name] as Branch;
    }
    branch[leaf] = Array.isArray(value) ? [...value] : value;
  }
  deepFreeze(root);
  return root as unknown as TracAggConfig;
}

function exposureProblems(config: TracAggConfig): readonly string[] {
  const { host, insecure } = config.server;
  if (insecure || isLoopbackHost(host)) return [];
  return [
    `server.host: "${host}" lets other machines in, and there is no authentication: whoever reaches the ports can ` +
      "read and write every trace. Listen on 127.0.0.1 behind a proxy that checks who comes, or say that it is meant " +
      "with --insecure (TRACAGG_INSECURE=true, or server.insecure: true in the file)",
  ];
}

/**
 * Limits that would lock each other: a request larger than what may be in flight would be told to come again for ever,
 * and a log that keeps less than the store seals at would be full before the store ever takes its records.
 */
function admissionProblems({ ingest, log, receivers, store }: TracAggConfig): readonly string[] {
  const problems: string[] = [];
  const { maxRequestBytes } = receivers.otlp;
  if (ingest.maxInFlightBytes < maxRequestBytes) {
    problems.push(
      `ingest.maxInFlightBytes: expected at least receivers.otlp.maxRequestBytes (${textFromBytes(maxRequestBytes)}), ` +
        `got ${textFromBytes(ingest.maxInFlightBytes)}`,
    );
  }
  const neededBytes = 1.5 * store.lake.sealBytes;
  if (store.type === "lake" && log.maxRetainedBytes < neededBytes) {
    problems.push(
      `log.maxRetainedBytes: expected at least one and a half times store.lake.sealBytes (${textFromBytes(neededBytes)}), ` +
        `got ${textFromBytes(log.maxRetainedBytes)}`,
    );
  }
  return problems;
}

function unknownVariables(env: Environment): readonly string[] {
  const known = [...OPTIONS.map(environmentName), ...OTHER_VARIABLES];
  return Object.keys(env)
    .filter((name) => name.startsWith("TRACAGG_") && !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      return `unknown environment variable ${name}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
    });
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new TracAggError("invalid_argument", problems.join("\n"));
}

/**
 * Makes the configuration of a server.
 *
 * @throws TracAggError `invalid_argument` with every problem on a line of its own: unknown keys, wrong values (with
 * file, line and column), a file that cannot be read, a listener beyond loopback without `server.insecure`.
 *
 * @example
 * const { config } = loadConfig({ flags: { "server.port": "0" } });
 */
export function loadConfig(options: LoadConfigOptions = {}): LoadedConfig {
  const env = options.env ?? process.env;
  const cwd = options.cwd ?? process.cwd();
  const file = configFileOf(options, env, cwd);
  const sources: Sources = {
    flags: options.flags ?? {},
    env,
    cwd,
    file,
    homeDir: options.homeDir ?? homedir(),
  };
  const inFile =
    file === undefined
      ? { settings: new Map<string, FileSetting>(), problems: [] }
      : settingsFromYaml(readConfigFile(file), { file, env });
  const problems = [...inFile.problems];
  const settings: Setting[] = [];
  for (const option of OPTIONS) {
    const setting = settingOf(option, sources, inFile.settings);
    if (typeof setting === "string") problems.push(setting);
    else settings.push(withAbsolutePath(setting, sources));
  }
  refuse(problems);
  const config = configFrom(settings);
  refuse([...exposureProblems(config), ...admissionProblems(config), ...pushProblems(config.export.push)]);
  return { config, file, settings, warnings: unknownVariables(env) };
}
