/** Entries of `export.push`: `name=protocol:address?settings`. */

import { TracAggError } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { bytesFromText, millisFromText, textFromBytes, textFromMillis } from "./quantity-text.ts";

/** What a push exporter may speak. */
export const PUSH_PROTOCOLS = ["otlp-grpc", "otlp-http", "zipkin", "jaeger-grpc", "file"] as const;
/** One of {@link PUSH_PROTOCOLS}. */
export type PushProtocol = (typeof PUSH_PROTOCOLS)[number];

/** One exporter, as configured. */
export interface PushTarget {
  readonly name: string;
  readonly protocol: PushProtocol;
  /** URL of a server, always http or https; path of a file. */
  readonly address: string;
  /** Values may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** TraceQL; "" for all spans. */
  readonly filter: string;
  readonly timeoutMillis: number;
  readonly compression: "gzip" | "none";
  /** File with trusted certificates; "" for those of the system. */
  readonly ca: string;
  readonly batchSpans: number;
  readonly batchBytes: number;
  readonly maxBehindBytes: number;
  /** Infinite for no limit. */
  readonly maxAgeMillis: number;
  /** Of a file. */
  readonly format: "otlp" | "jaeger" | "zipkin";
}

const KIB = 1024;
const MIB = KIB ** 2;
const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;
/** A settings name and what it takes, for messages and checks. */
interface NumberSetting {
  readonly form: "bytes" | "duration" | "number";
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

const NUMBERS: Readonly<
  Record<"timeout" | "batchSpans" | "batchBytes" | "maxBehind" | "maxAge", NumberSetting>
> = Object.freeze({
  timeout: { form: "duration", min: 100, max: 600 * SECOND, default: 10 * SECOND },
  batchSpans: { form: "number", min: 1, max: 100_000, default: 8_192 },
  // Below what servers of gRPC take unless told otherwise, 4 MiB.
  batchBytes: { form: "bytes", min: KIB, max: 64 * MIB, default: 2 * MIB },
  maxBehind: { form: "bytes", min: MIB, max: 1024 ** 5, default: 2 * 1024 * MIB },
  maxAge: { form: "duration", min: SECOND, max: 3_650 * DAY, default: Number.POSITIVE_INFINITY },
});

const FORMS: Readonly<Record<NumberSetting["form"], string>> = Object.freeze({
  bytes: "bytes",
  duration: "a duration",
  number: "a whole number",
});

const WORDS: Readonly<Record<"compression" | "format", readonly string[]>> = Object.freeze({
  compression: ["gzip", "none"],
  format: ["otlp", "jaeger", "zipkin"],
});

const HEADER = "header.";
const SETTINGS: readonly string[] = [
  ...Object.keys(NUMBERS),
  "compression",
  "ca",
  `${HEADER}NAME`,
  "format",
  "filter",
];

/** Names are labels of metrics and positions of the log. */
const ENTRY = /^([a-z0-9][a-z0-9_-]{0,39})=([a-z-]+):(.*)$/s;
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Headers that the exporters set. */
const OWN_HEADERS: readonly string[] = [
  "content-type",
  "content-encoding",
  "content-length",
  "connection",
  "host",
  "te",
  "transfer-encoding",
  "upgrade",
];

class EntryError extends Error {}

/**
 * Reads one entry.
 *
 * @throws TracAggError `invalid_argument` naming the entry and what was expected; values of headers are not repeated.
 *
 * @example
 * pushTargetOf("central=otlp-grpc:https://collector:4317?header.x-key=secret&filter={ status = error }");
 */
export function pushTargetOf(entry: string): PushTarget {
  const match = ENTRY.exec(entry);
  const [, name = "", protocol = "", rest = ""] = match ?? [];
  try {
    if (match === null) throw new EntryError("expected name=protocol:address, the name of a-z, 0-9, - and _");
    return targetOf(name, protocol, rest);
  } catch (thrown) {
    if (!(thrown instanceof EntryError)) throw thrown;
    const which = name === "" ? "an entry" : `"${name}"`;
    throw new TracAggError("invalid_argument", `export.push: ${which}: ${thrown.message}`, {
      field: "export.push",
    });
  }
}

/** What is wrong with the entries of `export.push`, each of them and together. */
export function pushProblems(entries: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const entry of entries) {
    try {
      const { name } = pushTargetOf(entry);
      if (names.has(name)) problems.push(`export.push: "${name}": expected a name of its own, got one twice`);
      names.add(name);
    } catch (thrown) {
      problems.push((thrown as Error).message);
    }
  }
  return problems;
}

function targetOf(name: string, protocol: string, rest: string): PushTarget {
  const known = PUSH_PROTOCOLS.find((candidate) => candidate === protocol);
  if (known === undefined) {
    throw new EntryError(`expected a protocol, one of ${PUSH_PROTOCOLS.join(", ")}, got "${protocol}"`);
  }
  const end = rest.indexOf("?");
  const address = decoded(end === -1 ? rest : rest.slice(0, end));
  const settings = settingsIn(end === -1 ? "" : rest.slice(end + 1));
  const number = (key: keyof typeof NUMBERS): number => numberOf(key, settings.get(key));
  const word = (key: keyof typeof WORDS, usual: string): string => wordOf(key, settings.get(key) ?? usual);
  return {
    name,
    protocol: known,
    address: known === "file" ? filePath(address) : serverUrl(address),
    headers: headersIn(settings),
    filter: settings.get("filter") ?? "",
    timeoutMillis: number("timeout"),
    compression: word("compression", "gzip") as PushTarget["compression"],
    ca: settings.get("ca") ?? "",
    batchSpans: number("batchSpans"),
    batchBytes: number("batchBytes"),
    maxBehindBytes: number("maxBehind"),
    maxAgeMillis: number("maxAge"),
    format: word("format", "otlp") as PushTarget["format"],
  };
}

function filePath(path: string): string {
  if (path.startsWith("/")) return path;
  throw new EntryError(`expected an absolute path such as /var/spans.jsonl, got "${path}"`);
}

/** `grpc` and `grpcs` say the same as `http` and `https`. */
function serverUrl(address: string): string {
  const text = address.replace(/^grpc(s?):/, "http$1:");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new EntryError(
      `expected a URL such as http://host:4317 or https://host, got "${shownAddress(address)}"`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new EntryError("expected no user name or password in the URL; send them as header.authorization");
  }
  if (url.hash !== "") throw new EntryError("expected no # in the URL; write %23 in a setting");
  return url.href;
}

/** Without what stands before an @: it may be a password. */
function shownAddress(address: string): string {
  return address.replace(/\/\/[^/@]*@/, "//***@");
}

/** The filter is the last one and takes the rest: TraceQL has `&&` and `?` in it. */
function settingsIn(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (let rest = text; rest !== ""; ) {
    const equals = rest.indexOf("=");
    const key = equals === -1 ? rest : rest.slice(0, equals);
    const end = key === "filter" ? -1 : rest.indexOf("&");
    checkSetting(key);
    if (settings.has(key)) throw new EntryError(`expected ${key} once`);
    settings.set(key, decoded(rest.slice(equals + 1, end === -1 ? undefined : end)));
    if (equals === -1) throw new EntryError(`expected ${key}=value`);
    rest = end === -1 ? "" : rest.slice(end + 1);
  }
  return settings;
}

function checkSetting(key: string): void {
  if (key.startsWith(HEADER) || SETTINGS.includes(key)) return;
  const meant = nearestName(key, new Set(SETTINGS));
  const hint = meant === undefined ? `known are ${SETTINGS.join(", ")}` : `did you mean "${meant}"?`;
  // Cut: behind a key that is none there may be a secret.
  throw new EntryError(`unknown setting "${key.slice(0, 20)}"; ${hint}`);
}

/** `%2C` is a comma; a percent sign that begins no such thing is itself. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      // No UTF-8: as it stands.
      return encoded;
    }
  });
}

function headersIn(settings: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [key, value] of settings) {
    if (!key.startsWith(HEADER)) continue;
    const name = key.slice(HEADER.length).toLowerCase();
    if (!HEADER_NAME.test(name) || OWN_HEADERS.includes(name)) {
      throw new EntryError(`${HEADER}${name}: expected the name of a header that may be set`);
    }
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new EntryError(`${key}: expected text of one line`);
    headers[name] = value;
  }
  return headers;
}

function numberOf(key: keyof typeof NUMBERS, text: string | undefined): number {
  const { form, min, max, default: usual } = NUMBERS[key];
  if (text === undefined) return usual;
  const value =
    form === "bytes" ? bytesFromText(text) : form === "duration" ? millisFromText(text) : Number(text);
  if (value !== undefined && Number.isInteger(value) && value >= min && value <= max) return value;
  const shown = { bytes: textFromBytes, duration: textFromMillis, number: String }[form];
  throw new EntryError(`${key}: expected ${FORMS[form]} from ${shown(min)} to ${shown(max)}, got "${text}"`);
}

function wordOf(key: keyof typeof WORDS, text: string): string {
  if (WORDS[key].includes(text)) return text;
  throw new EntryError(`${key}: expected one of ${WORDS[key].join(", ")}, got "${text}"`);
}
