/** The lines of a file or of standard input, gzip or not. */

import { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { createGunzip } from "node:zlib";
import { TracAggError } from "../../base/errors.ts";

/** Most characters of one line: it has to be in memory at once. */
const MAX_LINE_CHARACTERS = 256 * 1024 * 1024;

/**
 * Reads lines as they come. Whether it is gzip is told from the first bytes, not from the name, so that it may come
 * through a pipe; several gzip files one behind the other are read as one.
 *
 * @param name - what it is called in messages
 * @throws TracAggError `not_found` when it cannot be read, `failed_precondition` for damaged gzip, `too_large` for a line
 * that is too long.
 */
export async function* inputLines(input: Readable, name: string): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  const line = new LineInTheMaking(name);
  try {
    for await (const chunk of plainChunks(input)) yield* line.add(decoder.write(chunk));
  } catch (thrown) {
    throw readError(thrown, name);
  }
  yield* line.add(decoder.end());
  yield line.end();
}

/** The pieces of the line that is being read. */
class LineInTheMaking {
  readonly #name: string;
  #pieces: string[] = [];
  #characters = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** The lines that a text ends. */
  *add(text: string): Generator<string> {
    const lines = text.split("\n");
    this.#keep(lines[0] as string);
    for (const next of lines.slice(1)) {
      yield this.end();
      this.#keep(next);
    }
  }

  end(): string {
    const line = this.#pieces.join("");
    this.#pieces = [];
    this.#characters = 0;
    return line;
  }

  #keep(piece: string): void {
    this.#pieces.push(piece);
    this.#characters += piece.length;
    if (this.#characters <= MAX_LINE_CHARACTERS) return;
    const limit = `at most ${MAX_LINE_CHARACTERS} characters in a line`;
    throw new TracAggError("too_large", `${this.#name}: expected ${limit}; write one trace a line`);
  }
}

async function* plainChunks(input: Readable): AsyncGenerator<Buffer> {
  const chunks = (input as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const begin = await firstBytes(chunks);
  const all = rejoined(begin, chunks);
  const isGzip = begin[0] === 0x1f && begin[1] === 0x8b;
  if (!isGzip) {
    yield* all;
    return;
  }
  const packed = Readable.from(all, { objectMode: false });
  const plain = createGunzip();
  packed.once("error", (error) => plain.destroy(error));
  yield* packed.pipe(plain) as AsyncIterable<Buffer>;
}

/** The first two bytes at least, if there are so many: a pipe may bring one at a time. */
async function firstBytes(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let begin: Buffer = Buffer.alloc(0);
  while (begin.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    begin = Buffer.concat([begin, Buffer.from(next.value)]);
  }
  return begin;
}

async function* rejoined(begin: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (begin.length > 0) yield begin;
  for (let next = await rest.next(); next.done !== true; next = await rest.next())
    yield Buffer.from(next.value);
}

function readError(thrown: unknown, name: string): TracAggError {
  if (thrown instanceof TracAggError) return thrown;
  const error = thrown as NodeJS.ErrnoException;
  const isGzip = error.code?.startsWith("Z_") === true;
  const message = isGzip
    ? `${name}: expected whole gzip, got damaged data (${error.message})`
    : `cannot read ${name}: ${error.message}`;
  return new TracAggError(isGzip ? "failed_precondition" : "not_found", message, { cause: thrown });
}
