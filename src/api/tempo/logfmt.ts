/** Tags as people write them in one line: `service.name=shop http.url="/a b"`. */

import { badRequest } from "./tempo-error.ts";

/** One tag. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A key, and behind `=` a text in quotes or up to the next blank. */
const PAIR = /\s*([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?(?=\s|$)/y;

/**
 * Reads logfmt; a key without `=` has the value "".
 *
 * @throws TracAggError `invalid_argument` with the place that cannot be read.
 */
export function tagsFromLogfmt(text: string): readonly Tag[] {
  const tags: Tag[] = [];
  const pair = new RegExp(PAIR);
  const end = text.trimEnd().length;
  while (pair.lastIndex < end) {
    const at = pair.lastIndex;
    const match = pair.exec(text);
    if (match === null) {
      throw badRequest(
        `invalid tags: expected key=value or key="a value" at position ${at + 1}, got ${JSON.stringify(text.slice(at, at + 40))}`,
        "tags",
      );
    }
    const [, key, quoted, bare = ""] = match;
    tags.push({ key: key as string, value: quoted === undefined ? bare : unquoted(quoted) });
  }
  return tags;
}

const ESCAPES: Readonly<Record<string, string>> = Object.freeze({ n: "\n", r: "\r", t: "\t" });

function unquoted(text: string): string {
  return text.replace(/\\(.)/gs, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}
