/** Long JSON lists as text in pieces of bounded size. */

/** A piece ends at so many characters: some milliseconds of work, and little beside what a socket holds back. */
const CHUNK_CHARACTERS = 64 * 1024;

/** `JSON.stringify` of the list of `json(item)`, in pieces to be joined; items are read as the pieces are. */
export function* listChunks<Item>(
  items: Iterable<Item>,
  json: (item: Item) => object,
): Generator<string, void> {
  let piece = "[";
  let separator = "";
  for (const item of items) {
    piece += separator + JSON.stringify(json(item));
    separator = ",";
    if (piece.length < CHUNK_CHARACTERS) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}]`;
}
