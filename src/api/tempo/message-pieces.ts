/** Protobuf messages out of pieces: fields of one message, in any number of messages, are the same to who reads them all. */

import type { SendMessage } from "../grpc-calls.ts";

/** Most bytes of one streamed message: clients refuse messages of more than 4 MiB, Tempo stays below 1. */
export const MAX_MESSAGE_BYTES: number = 1024 * 1024;

/** Sends pieces, as many in a message as fit, and `last` at the end of the last one. */
export async function sendPieces(
  send: SendMessage,
  pieces: Iterable<Uint8Array>,
  last: Uint8Array,
): Promise<void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    if (waiting.length > 0 && bytes + piece.length > MAX_MESSAGE_BYTES - last.length) {
      await send(Buffer.concat(waiting));
      waiting = [];
      bytes = 0;
    }
    waiting.push(piece);
    bytes += piece.length;
  }
  await send(Buffer.concat([...waiting, last]));
}
