/** From the text of an option to its value and back. */

import type { OptionValue } from "./config.ts";
import type { OptionSpec } from "./option-spec.ts";
import { PORT_OFF } from "./option-spec.ts";
import { bytesFromText, millisFromText, textFromBytes, textFromMillis } from "./quantity-text.ts";

/** How {@link PORT_OFF} is written. */
const OFF = "off";

function textFromNumber(option: OptionSpec, value: number): string {
  if (option.mayBeOff === true && value === PORT_OFF) return OFF;
  if (option.type === "bytes") return textFromBytes(value);
  return option.type === "duration" ? textFromMillis(value) : String(value);
}

/** A value as it would be written in a file or on the command line; "" for an empty list. */
export function textFromValue(option: OptionSpec, value: OptionValue): string {
  if (typeof value === "number") return textFromNumber(option, value);
  return typeof value === "object" ? value.join(",") : String(value);
}

/** Largest port; 0 is "any free one". */
const MAX_PORT = 65_535;

function lowest(option: OptionSpec): number {
  return option.type === "port" ? 0 : (option.min ?? 0);
}

function highest(option: OptionSpec): number {
  return option.type === "port" ? MAX_PORT : (option.max ?? Number.MAX_SAFE_INTEGER);
}

const FORMS: Readonly<Record<OptionSpec["type"], string>> = Object.freeze({
  string: "text",
  path: "a path",
  boolean: "true or false",
  integer: "a whole number",
  bytes: "a number of bytes such as 64MiB",
  duration: "a length of time such as 30s, 5m or 7d",
  port: "a port",
  list: "a list of texts",
  enum: "one of",
});

/** What may be written for an option, in words: `a port from 0 to 65535`. */
export function expectedText(option: OptionSpec): string {
  const form = option.type === "integer" ? `${FORMS.integer} of ${option.unit}` : FORMS[option.type];
  if (option.type === "enum") return `${form} ${option.words?.join(", ")}`;
  if (typeof option.default !== "number") return form;
  if (option.mayBeOff === true) return `${OFF}, or ${form} from 0 to ${MAX_PORT}`;
  return `${form}, from ${textFromNumber(option, lowest(option))} to ${textFromNumber(option, highest(option))}`;
}

function numberFromText(option: OptionSpec, text: string): number | undefined {
  if (option.mayBeOff === true && text === OFF) return PORT_OFF;
  if (option.type === "bytes") return bytesFromText(text);
  if (option.type === "duration") return millisFromText(text);
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function booleanFromText(text: string): boolean | undefined {
  return text === "true" ? true : text === "false" ? false : undefined;
}

/** Entries of a comma-separated list, without blanks. */
function listFromText(text: string): readonly string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** The value that `text` means for an option; undefined when it is not what {@link expectedText} says. */
export function valueFromText(option: OptionSpec, text: string): OptionValue | undefined {
  switch (option.type) {
    case "string":
      return text === "" ? undefined : text;
    case "path":
      return text === "" && option.default !== "" ? undefined : text;
    case "boolean":
      return booleanFromText(text);
    case "list":
      return listFromText(text);
    case "enum":
      return option.words?.includes(text) ? text : undefined;
    case "integer":
    case "bytes":
    case "duration":
    case "port": {
      const value = numberFromText(option, text);
      if (value === PORT_OFF) return value;
      return value !== undefined && value >= lowest(option) && value <= highest(option) ? value : undefined;
    }
  }
}
