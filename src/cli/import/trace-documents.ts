/** The JSON documents of a file: one a line, or the whole file as one. */

import { TracAggError } from "../../base/errors.ts";

/** One JSON document and the line it starts at, from 1. */
export interface TraceDocument {
  readonly text: string;
  readonly value: unknown;
  readonly line: number;
}

/** Most characters of a file that is one document over many lines: it has to be in memory at once. */
const MAX_DOCUMENT_CHARACTERS = 256 * 1024 * 1024;

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // Not a document of its own; the caller says what is expected instead.
    return undefined;
  }
}

/**
 * Reads documents from lines: when the first line that is not blank is a document, every line is one; otherwise all
 * lines together are one document.
 *
 * @throws TracAggError `failed_precondition` naming the line when something is not JSON, `too_large` when the one document
 * is too long.
 */
export async function* traceDocuments(lines: AsyncIterable<string>): AsyncGenerator<TraceDocument> {
  const whole = new WholeDocument();
  let line = 0;
  let isFirst = true;
  for await (const text of lines) {
    line++;
    if (whole.isBegun) whole.add(text);
    else if (text.trim() !== "") {
      const document = parsed(text);
      if (document !== undefined) yield { text, value: document.value, line };
      else if (isFirst) whole.add(text);
      else throw notADocument(line);
      isFirst = false;
    }
  }
  if (whole.isBegun) yield whole.finish();
}

function notADocument(line: number): TracAggError {
  const message = `line ${line}: expected a JSON document, as on the lines before`;
  return new TracAggError("failed_precondition", message);
}

/** One document over many lines. */
class WholeDocument {
  readonly #lines: string[] = [];
  #characters = 0;

  get isBegun(): boolean {
    return this.#lines.length > 0;
  }

  add(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length + 1;
    if (this.#characters <= MAX_DOCUMENT_CHARACTERS) return;
    const limit = `at most ${MAX_DOCUMENT_CHARACTERS} characters`;
    throw new TracAggError("too_large", `expected ${limit} in one document; write one trace a line`);
  }

  finish(): TraceDocument {
    const text = this.#lines.join("\n");
    try {
      return { text, value: JSON.parse(text) as unknown, line: 1 };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `expected JSON (OTLP/JSON lines, Jaeger or Zipkin v2), got something else: ${reason}`;
      throw new TracAggError("failed_precondition", message, { cause: error });
    }
  }
}
