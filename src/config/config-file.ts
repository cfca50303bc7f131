/** The YAML file: every option in it with line and column, every mistake named. */

import type { Document, Node, Pair, Scalar } from "yaml";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { nearestName } from "../base/nearest-name.ts";
import type { OptionValue } from "./config.ts";
import { substituteEnvironment } from "./env-substitution.ts";
import type { OptionSpec } from "./option-spec.ts";
import { expectedText, valueFromText } from "./option-value.ts";
import { OPTIONS } from "./options.ts";

/** What the file says about one option. */
export interface FileSetting {
  readonly value: OptionValue;
  /** From 1, as editors count. */
  readonly line: number;
  /** From 1, as editors count. */
  readonly column: number;
}

/** Everything a file says, and everything that is wrong with it as `file:line:column: ...` lines. */
export interface FileSettings {
  readonly settings: ReadonlyMap<string, FileSetting>;
  readonly problems: readonly string[];
}

interface Reading {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly settings: Map<string, FileSetting>;
  readonly problems: string[];
}

function placeOf(reading: Reading, node: Node | null): { line: number; column: number } {
  const { line, col } = reading.lines.linePos(node?.range?.[0] ?? 0);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function report(reading: Reading, node: Node | null, problem: string): void {
  const { line, column } = placeOf(reading, node);
  reading.problems.push(`${reading.file}:${line}:${column}: ${problem}`);
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return "a section";
  if (isSeq(node)) return "a list";
  return isScalar(node) && node.value !== null ? `"${String(node.value)}"` : "nothing";
}

/** Text of a scalar as written (`4_317` stays itself), references to the environment replaced. */
function scalarText(reading: Reading, node: Scalar, key: string): string | undefined {
  const written = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  const substitution = substituteEnvironment(written, reading.env);
  if ("text" in substitution) return substitution.text;
  report(reading, node, `${key}: ${substitution.problem}`);
  return undefined;
}

function readList(reading: Reading, option: OptionSpec, items: readonly unknown[]): OptionValue | undefined {
  const texts: string[] = [];
  for (const item of items) {
    const node = resolved(reading, item);
    if (!isScalar(node) || typeof node.value !== "string") {
      report(reading, node, `${option.key}: expected ${expectedText(option)}, got ${kindOf(node)} in it`);
      return undefined;
    }
    const text = scalarText(reading, node, option.key);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function reportNoScalar(reading: Reading, option: OptionSpec, node: Node | null, keyNode: Node): void {
  const isEmpty = node === null || isScalar(node);
  const hint = isEmpty ? "; remove the line to use the default" : "";
  const problem = `${option.key}: expected ${expectedText(option)}, got ${kindOf(node)}${hint}`;
  report(reading, isEmpty ? keyNode : node, problem);
}

function readScalar(reading: Reading, option: OptionSpec, node: Scalar): OptionValue | undefined {
  const text = scalarText(reading, node, option.key);
  if (text === undefined) return undefined;
  const value = valueFromText(option, text);
  if (value === undefined) {
    const got = option.secret === true ? "something else" : `"${text}"`;
    report(reading, node, `${option.key}: expected ${expectedText(option)}, got ${got}`);
  }
  return value;
}

function readOption(reading: Reading, option: OptionSpec, node: Node | null, keyNode: Node): void {
  let value: OptionValue | undefined;
  if (option.type === "list" && isSeq(node)) value = readList(reading, option, node.items);
  else if (isScalar(node) && node.value !== null) value = readScalar(reading, option, node);
  else reportNoScalar(reading, option, node, keyNode);
  if (value !== undefined) reading.settings.set(option.key, { value, ...placeOf(reading, node) });
}

/** What may stand under a section: `grpc`, `http`, `maxRequestBytes` under `receivers.otlp.`. */
function namesUnder(prefix: string): Set<string> {
  const keys = OPTIONS.filter((option) => option.key.startsWith(prefix));
  return new Set(keys.map((option) => option.key.slice(prefix.length).split(".")[0] as string));
}

function reportUnknownKey(reading: Reading, keyNode: Node, prefix: string, name: string): void {
  const names = namesUnder(prefix);
  const sibling = nearestName(name, names);
  const elsewhere = OPTIONS.find((option) => option.key.endsWith(`.${name}`) || option.flag === name)?.key;
  const meant = elsewhere ?? (sibling === undefined ? undefined : prefix + sibling);
  const hint =
    meant === undefined ? `known here: ${[...names].sort().join(", ")}` : `did you mean "${meant}"?`;
  report(reading, keyNode, `unknown key "${prefix}${name}"; ${hint}`);
}

function resolved(reading: Reading, node: unknown): Node | null {
  const target = isAlias(node) ? node.resolve(reading.document) : node;
  return (target ?? null) as Node | null;
}

function readPair(reading: Reading, pair: Pair, prefix: string): void {
  const keyNode = pair.key as Node;
  const name = isScalar(keyNode) ? String(keyNode.value) : "?";
  const key = prefix + name;
  const option = OPTIONS.find((candidate) => candidate.key === key);
  const node = resolved(reading, pair.value);
  if (option !== undefined) readOption(reading, option, node, keyNode);
  else if (!namesUnder(prefix).has(name)) reportUnknownKey(reading, keyNode, prefix, name);
  else readSection(reading, node, `${key}.`);
}

/** Depth is bounded by that of the option keys: a section that is no prefix of one is refused above. */
function readSection(reading: Reading, node: Node | null, prefix: string): void {
  const isEmpty = node === null || (isScalar(node) && node.value === null);
  if (isEmpty) return;
  if (!isMap(node)) {
    const where = prefix === "" ? "the file" : prefix.slice(0, -1);
    report(
      reading,
      node,
      `${where}: expected a section with ${[...namesUnder(prefix)].sort().join(", ")}, got ${kindOf(node)}`,
    );
    return;
  }
  for (const pair of node.items) readPair(reading, pair, prefix);
}

/**
 * Reads the text of a configuration file. Nothing throws: what is wrong is in `problems`, all of it at once.
 *
 * @param source.file - name of the file for messages.
 * @param source.env - what `${env:NAME}` refers to.
 */
export function settingsFromYaml(
  text: string,
  source: { readonly file: string; readonly env: Readonly<Record<string, string | undefined>> },
): FileSettings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
  const reading: Reading = {
    ...source,
    document: document as unknown as Document,
    lines,
    settings: new Map(),
    problems: [],
  };
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    reading.problems.push(`${source.file}:${line}:${col}: ${error.message}`);
  }
  if (reading.problems.length === 0) readSection(reading, document.contents as Node | null, "");
  return reading;
}
