/** What `tracagg config show` and `tracagg config reference` print. */

import type { LoadedConfig, Origin, Setting } from "./load-config.ts";
import type { OptionSpec } from "./option-spec.ts";
import { environmentName } from "./option-spec.ts";
import { textFromValue } from "./option-value.ts";
import { OPTIONS } from "./options.ts";

/** Where a value came from, in one word or place: `default`, `--port`, `TRACAGG_PORT`, `tracagg.yaml:3:9`. */
export function originText(origin: Origin): string {
  if (origin.kind === "default") return "default";
  return origin.kind === "file" ? `${origin.file}:${origin.line}:${origin.column}` : origin.name;
}

/** The value as it would be written, `***` for a secret that is set. */
export function settingText(setting: Pick<Setting, "option" | "value">): string {
  const text = textFromValue(setting.option, setting.value);
  return setting.option.secret === true && text !== "" ? "***" : text;
}

/** One row of `config show`. */
export interface ShownSetting {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
}

/** Every option with its value as text and where it came from. */
export function shownSettings(loaded: Pick<LoadedConfig, "settings">): readonly ShownSetting[] {
  return loaded.settings.map((setting) => ({
    key: setting.option.key,
    value: settingText(setting),
    origin: originText(setting.origin),
  }));
}

function unitOf(option: OptionSpec): string {
  const words: Partial<Record<OptionSpec["type"], string>> = {
    enum: option.words?.map((word) => `\`${word}\``).join(" or ") ?? "",
    integer: `whole number (${option.unit})`,
    bytes: "bytes (`64MiB`)",
    duration: "duration (`30s`, `7d`)",
    list: "list, comma-separated outside the file",
  };
  const word = words[option.type] ?? option.type;
  return option.mayBeOff === true ? `${word}, or \`off\`` : word;
}

function rangeOf(option: OptionSpec): string {
  if (option.min === undefined || option.max === undefined) return "";
  const least = textFromValue(option, option.min);
  return `, ${least} to ${textFromValue(option, option.max)}`;
}

function sectionOf(option: OptionSpec): string {
  const text = textFromValue(option, option.default);
  return [
    `### \`${option.key}\``,
    "",
    option.doc,
    "",
    `- Flag \`--${option.flag}\`, environment \`${environmentName(option)}\``,
    `- Type: ${unitOf(option)}${rangeOf(option)}`,
    `- Default: ${text === "" ? "none" : `\`${text}\``}. ${option.reason}`,
  ].join("\n");
}

const INTRODUCTION = `# Configuration

This page is printed by \`tracagg config reference\`.

A value comes from the first of these that has it: flag of \`tracagg start\`, environment variable, configuration file,
default. The file is YAML: \`--config FILE\`, else the one \`TRACAGG_CONFIG\` names, else \`tracagg.yaml\` in the working
folder if there is one. Keys are nested at the dots:

\`\`\`yaml
server:
  port: 16686
receivers:
  otlp:
    grpc:
      port: \${env:OTLP_PORT:-4317}
retention:
  age: 3d
  bytes: 20GiB
\`\`\`

\`\${env:NAME}\` stands for an environment variable, \`\${env:NAME:-default}\` has a default for a variable that is unset or
empty, \`$$\` is a dollar sign. Bytes take B, KiB, MiB, GiB, TiB (powers of 1024) and kB, MB, GB, TB (powers of 1000);
durations take ms, s, m, h, d, also together (\`1h30m\`). Relative paths start in the working folder, \`~\` is the home
folder. Unknown keys and values of the wrong type are refused with file, line and column.

\`tracagg config check [FILE]\` says what is wrong with a file; \`tracagg config show --origin\` prints every value and
where it came from.

The program sets \`UV_THREADPOOL_SIZE\` to 16 unless it is set: queries, reads and syncs of files share these threads.

## Options
`;

/** The reference page in Markdown, as `docs/configuration.md` holds it. */
export function configReference(): string {
  return `${INTRODUCTION}\n${OPTIONS.map(sectionOf).join("\n\n")}\n`;
}
