/** What the table of options says about each of them. */

import type { OptionKey, OptionValue } from "./config.ts";

/** How an option is written. */
export type OptionType =
  | "string"
  | "path"
  | "boolean"
  | "integer"
  | "bytes"
  | "duration"
  | "port"
  | "list"
  | "enum";

/** Value of a port that nothing listens on. */
export const PORT_OFF: number = -1;

/** One option: file key, flag and environment name, how it is written, and why its default is what it is. */
export interface OptionSpec {
  /** Key path in the YAML file. */
  readonly key: OptionKey;
  /** Flag of `tracagg start`, without the dashes; the environment name follows from it. */
  readonly flag: string;
  readonly type: OptionType;
  /** Bytes in bytes, durations in milliseconds. */
  readonly default: OptionValue;
  /** Smallest number allowed, in the unit of {@link OptionSpec.default}. */
  readonly min?: number;
  /** Largest number allowed, in the unit of {@link OptionSpec.default}. */
  readonly max?: number;
  /** True for a port that may also be `off`, which is {@link PORT_OFF}. */
  readonly mayBeOff?: boolean;
  /** What an integer counts. */
  readonly unit?: string;
  /** The words of an enum. */
  readonly words?: readonly string[];
  /** True for passwords and tokens: never printed. */
  readonly secret?: boolean;
  /** True for the flags shown first by `tracagg start --help`. */
  readonly common?: boolean;
  /** One sentence on what it does. */
  readonly doc: string;
  /** Why the default is what it is. */
  readonly reason: string;
}

/** Environment name of an option: its flag in capitals, `--otlp-grpc-port` is `TRACAGG_OTLP_GRPC_PORT`. */
export function environmentName(option: Pick<OptionSpec, "flag">): string {
  return `TRACAGG_${option.flag.replaceAll("-", "_").toUpperCase()}`;
}
