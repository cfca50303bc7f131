/** A query up to the cursor, read as far as it goes: tokens, open brackets, and what is being typed. */

import type { AttributeScope, Field } from "../filter/query-model.ts";
import { isNameUnit } from "./scan.ts";
import { TokenReader } from "./tokens.ts";
import { TraceQlError } from "./traceql-error.ts";
import { INTRINSIC_WORDS } from "./words.ts";

/** A token that is kept. */
export interface Token {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  /** A word, the value of a string, the key of an attribute. */
  readonly word: string;
  readonly scope: AttributeScope;
}

/** A bracket that is open at the cursor. */
export interface Frame {
  readonly open: "{" | "(" | "";
  /** The word before the bracket. */
  readonly callee: string | undefined;
  /** Tokens inside so far; a call or a filter that is closed is one `)` or `}`. */
  readonly tokens: Token[];
  /** Calls that were closed inside, by their names. */
  readonly calls: string[];
  /** Commas so far. */
  commas: number;
}

/** A query up to the cursor. */
export interface HalfQuery {
  readonly frame: Frame;
  /** The frame around it. */
  readonly outer: Frame | undefined;
  /** Whether an open brace is among the open brackets. */
  readonly inFilter: boolean;
  /** What is being typed, if anything. */
  readonly partial: Token | undefined;
}

/** Tokens that go on when another letter is typed. */
const OPEN_ENDED: ReadonlySet<string> = new Set([
  "word",
  "attribute",
  "int",
  "float",
  "duration",
  "other",
  "&",
]);

function keep(reader: TokenReader): Token {
  const { kind, start, end, word, scope } = reader;
  return { kind, start, end, word, scope };
}

/** The token that could not be read up to its end. */
function brokenToken(reader: TokenReader, fault: TraceQlError, scope: AttributeScope): Token {
  const { text } = reader;
  const start = Math.min(reader.start, fault.start);
  const first = text.charAt(start);
  const isText = first === '"' || first === "`" || first === "'";
  const written = text.slice(start, text.length);
  const dot = written.indexOf(".");
  const isKey = !isText && reader.kind === "attribute" && dot >= 0;
  const kind = isText ? "string" : isKey ? "attribute" : "word";
  const word = isText ? written.slice(1) : isKey ? written.slice(dot + 1).replaceAll('"', "") : written;
  return { kind, start, end: text.length, word, scope };
}

/** All tokens of a text; the last may be one that does not end. */
function tokensOf(text: string): { tokens: Token[]; broken: Token | undefined } {
  const reader = new TokenReader(text);
  const tokens: Token[] = [];
  try {
    for (reader.next(); reader.kind !== "end"; reader.next()) tokens.push(keep(reader));
    return { tokens, broken: undefined };
  } catch (error) {
    if (!(error instanceof TraceQlError)) throw error;
    return { tokens, broken: brokenToken(reader, error, reader.scope) };
  }
}

function newFrame(open: Frame["open"], callee: string | undefined): Frame {
  return { open, callee, tokens: [], calls: [], commas: 0 };
}

function calleeOf(frame: Frame): string | undefined {
  const before = frame.tokens.at(-1);
  return before?.kind === "word" ? before.word : undefined;
}

/** Puts a bracket that was closed, with the call that it was, into the frame around it. */
function closeFrame(frames: Frame[], token: Token): void {
  const { callee } = frames.pop() as Frame;
  const around = frames.at(-1) as Frame;
  if (callee === undefined) {
    around.tokens.push(token);
    return;
  }
  around.tokens.pop();
  around.calls.push(callee);
  around.tokens.push({ ...token, word: callee });
}

function openFrames(tokens: readonly Token[]): Frame[] {
  const frames = [newFrame("", undefined)];
  for (const token of tokens) {
    const frame = frames.at(-1) as Frame;
    if (token.kind === "{") frames.push(newFrame("{", undefined));
    else if (token.kind === "(") frames.push(newFrame("(", calleeOf(frame)));
    else if ((token.kind === "}" || token.kind === ")") && frames.length > 1) closeFrame(frames, token);
    else {
      if (token.kind === ",") frame.commas++;
      frame.tokens.push(token);
    }
  }
  return frames;
}

/** Reads a query up to the cursor. */
export function halfQuery(text: string, offset: number): HalfQuery {
  const { tokens, broken } = tokensOf(text.slice(0, offset));
  const last = tokens.at(-1);
  let partial = broken;
  if (broken === undefined && last !== undefined && last.end === offset && OPEN_ENDED.has(last.kind)) {
    partial = tokens.pop();
  }
  const frames = openFrames(tokens);
  return {
    frame: frames.at(-1) as Frame,
    outer: frames.at(-2),
    inFilter: frames.some((frame) => frame.open === "{"),
    partial,
  };
}

/** What hardly stands in a value: a quote behind it opens the next text. */
const BEHIND_TEXT = /[\n&|{}=~<>]/;

/** Where what is being typed ends, with what of it stands behind the cursor. */
export function partialEnd(text: string, offset: number, partial: Token | undefined): number {
  if (partial === undefined) return offset;
  const quote = partial.kind === "string" ? text.charAt(partial.start) : "";
  const close = quote === "" ? -1 : text.indexOf(quote, offset);
  if (close >= 0 && !BEHIND_TEXT.test(text.slice(offset, close))) return close + 1;
  let end = offset;
  while (end < text.length && text.charAt(end) !== quote && isNameUnit(text.charCodeAt(end))) end++;
  return end;
}

/** The field that a token names. */
export function fieldOf(token: Token | undefined): Field | undefined {
  if (token === undefined) return undefined;
  const { start, end } = token;
  if (token.kind === "attribute")
    return { node: "attribute", scope: token.scope, key: token.word, start, end };
  const name = token.kind === "word" ? INTRINSIC_WORDS.get(token.word) : undefined;
  return name === undefined ? undefined : { node: "intrinsic", name, start, end };
}
