/** The flags that set options of the configuration, made from the table of options. */

import type { Command } from "commander";
import { Option } from "commander";
import type { OptionKey } from "../config/config.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { loadConfig } from "../config/load-config.ts";
import type { OptionSpec } from "../config/option-spec.ts";
import { environmentName } from "../config/option-spec.ts";
import { textFromValue } from "../config/option-value.ts";
import { OPTIONS } from "../config/options.ts";
import type { CliContext } from "./cli-context.ts";

/** What commander makes of the flags: texts by camelCase name, true for a flag without value. */
export type FlagValues = Readonly<Record<string, unknown>>;

const PLACEHOLDERS: Readonly<Record<OptionSpec["type"], string>> = Object.freeze({
  string: "<text>",
  path: "<path>",
  boolean: "",
  integer: "<number>",
  bytes: "<bytes>",
  duration: "<duration>",
  port: "<port>",
  list: "<list>",
  enum: "<word>",
});

function commanderOption(option: OptionSpec): Option {
  const placeholder = option.words?.join("|") ?? "";
  const argument = placeholder === "" ? PLACEHOLDERS[option.type] : `<${placeholder}>`;
  const defaultText = textFromValue(option, option.default);
  const suffix = option.type === "boolean" || defaultText === "" ? "" : ` (default ${defaultText})`;
  const made = new Option(
    `--${option.flag} ${argument}`.trim(),
    `${option.doc.replaceAll("`", "")}${suffix}`,
  );
  return made.helpGroup(option.common === true ? "Options:" : "More options:");
}

/** Adds `--config` and a flag for every option. */
export function addConfigFlags(command: Command): Command {
  command.option("--config <file>", "configuration file (default TRACAGG_CONFIG, then ./tracagg.yaml)");
  for (const option of OPTIONS) command.addOption(commanderOption(option));
  return command;
}

function flagsGiven(values: FlagValues): Partial<Record<OptionKey, string>> {
  const flags: Partial<Record<OptionKey, string>> = {};
  for (const option of OPTIONS) {
    const name = option.flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const value = values[name];
    if (value !== undefined) flags[option.key] = String(value);
  }
  return flags;
}

/**
 * The configuration that flags, environment and file make together.
 *
 * @throws TracAggError `invalid_argument`, see {@link loadConfig}.
 */
export function configFromFlags(context: CliContext, values: FlagValues): LoadedConfig {
  const { env, cwd } = context;
  const file = values["config"] as string | undefined;
  return loadConfig({ flags: flagsGiven(values), env, cwd, file });
}

/** The flag and environment name that set an option, for messages. */
export function namesOf(key: OptionKey): string {
  const option = OPTIONS.find((candidate) => candidate.key === key) as OptionSpec;
  return `--${option.flag} or ${environmentName(option)}`;
}
