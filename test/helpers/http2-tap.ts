/** A proxy between an HTTP/2 client and its server that notes the frames of both. */

import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";

/** Who sent a frame. */
export type Side = "client" | "server";

/** What is noted of a frame. */
export interface NotedFrame {
  readonly side: Side;
  /** Frame type (RFC 9113, 6). */
  readonly type: number;
  readonly flags: number;
}

const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;
const PING = 6;
const ACK = 1;

/** True for a PING of that side that asks for an answer. */
export function isPing(frame: NotedFrame, side: Side): boolean {
  return frame.side === side && frame.type === PING && frame.flags !== ACK;
}

/** True for that side's answer to a PING. */
export function isPingAnswer(frame: NotedFrame, side: Side): boolean {
  return frame.side === side && frame.type === PING && frame.flags === ACK;
}

/** Listens on a port of its own and hands everything on. */
export class Http2Tap {
  readonly frames: NotedFrame[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #onFrame: () => void = () => {};

  constructor(targetPort: number) {
    this.#server = createServer((client) => this.#join(client, connect(targetPort, "127.0.0.1")));
  }

  /** Resolves with the port. */
  async start(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Waits until `count` frames of the kind have passed. */
  async until(count: number, isWanted: (frame: NotedFrame) => boolean): Promise<void> {
    while (this.frames.filter(isWanted).length < count) {
      await new Promise<void>((resolve) => {
        this.#onFrame = resolve;
      });
    }
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to, side] of [
      [client, server, "client"],
      [server, client, "server"],
    ] as const) {
      this.#sockets.add(from);
      const note = this.#frameReader(side);
      from.on("data", (chunk) => {
        note(chunk);
        to.write(chunk);
      });
      from.on("error", () => {});
      from.on("close", () => to.destroy());
    }
  }

  #frameReader(side: Side): (chunk: Buffer) => void {
    let skip = side === "client" ? PREFACE_BYTES : 0;
    let rest: Buffer = Buffer.alloc(0);
    return (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= skip + FRAME_HEADER_BYTES) {
        const head = rest.subarray(skip);
        this.frames.push({ side, type: head.readUInt8(3), flags: head.readUInt8(4) });
        rest = head;
        skip = FRAME_HEADER_BYTES + head.readUIntBE(0, 3);
      }
      this.#onFrame();
    };
  }
}
