/** The profiles of one window of time, a root operation each: sums while they change, bytes while they rest. */

import { atOnce } from "../base/time-slice.ts";
import { ByteReader, ByteWriter } from "../base/varint-bytes.ts";
import type { TraceColumns } from "../model/trace-columns.ts";
import type { ProfileRoot } from "./profile-roots.ts";
import type { ProfileParts } from "./root-profile.ts";
import { RootProfile } from "./root-profile.ts";

/** One window. */
export class ProfileWindow {
  /** Seconds since the epoch. */
  readonly startSeconds: number;
  /** True when it changed since whoever stores windows set it to false. */
  isDirty = false;
  /** When it changed last, in seconds of the clock of whoever changes it. */
  changedSeconds = 0;
  readonly #parts: ProfileParts;
  readonly #live: Map<number, RootProfile> = new Map();
  readonly #resting: Map<number, Uint8Array> = new Map();
  #restingBytes = 0;

  constructor(startSeconds: number, parts: ProfileParts) {
    this.startSeconds = startSeconds;
    this.#parts = parts;
  }

  /** Bytes of the root operations at rest. */
  get restingBytes(): number {
    return this.#restingBytes;
  }

  /** True while some root operation is held as sums. */
  get isLive(): boolean {
    return this.#live.size > 0;
  }

  /** Numbers of the root operations that have traces in it. */
  *roots(): Generator<number, void> {
    yield* this.#live.keys();
    yield* this.#resting.keys();
  }

  /** True when a root operation has traces in it. */
  has(root: number): boolean {
    return this.#live.has(root) || this.#resting.has(root);
  }

  /** Adds a trace; with sign -1 takes it back. */
  add(root: ProfileRoot, columns: TraceColumns, weight: number, sign: 1 | -1): void {
    this.isDirty = true;
    const profile = this.profileOf(root);
    profile.add(columns, weight, sign);
    if (profile.isEmpty) this.#live.delete(root.number);
  }

  /** The profile of a root operation, to be read or changed. */
  profileOf(root: ProfileRoot): RootProfile {
    let profile = this.#live.get(root.number);
    if (profile === undefined) {
      profile = new RootProfile(root, this.#parts);
      this.#live.set(root.number, profile);
      const bytes = this.#resting.get(root.number);
      if (bytes !== undefined) {
        this.#forgetBytes(root.number, bytes);
        atOnce(profile.mergeFrom(new ByteReader(bytes)));
      }
    }
    return profile;
  }

  /** Adds the profiles of another window. */
  merge(other: ProfileWindow, rootAt: (number: number) => ProfileRoot): void {
    this.isDirty = true;
    for (const number of other.roots()) {
      const root = rootAt(number);
      this.profileOf(root).merge(other.profileOf(root));
    }
  }

  /** The bytes of a root operation now; undefined when it has no traces here. */
  bytesOf(root: number): Uint8Array | undefined {
    const live = this.#live.get(root);
    if (live === undefined) return this.#resting.get(root);
    const writer = new ByteWriter();
    live.writeTo(writer);
    return writer.finish();
  }

  /** Keeps bytes in place of sums, until the next change. */
  rest(): void {
    for (const root of [...this.#live.keys()]) {
      const bytes = this.bytesOf(root) as Uint8Array;
      this.#live.delete(root);
      this.#restAs(root, bytes);
    }
  }

  /** All of it as bytes. */
  toBytes(): Uint8Array {
    const writer = new ByteWriter();
    const roots = [...this.roots()];
    writer.varint(roots.length);
    for (const root of roots) {
      writer.varint(root);
      writer.bytes(this.bytesOf(root) as Uint8Array);
    }
    return writer.finish();
  }

  /** The window that {@link toBytes} wrote, at rest. @throws TracAggError `data_corrupt` */
  static fromBytes(startSeconds: number, bytes: Uint8Array, parts: ProfileParts): ProfileWindow {
    const window = new ProfileWindow(startSeconds, parts);
    const reader = new ByteReader(bytes);
    // Copies: views would keep the whole record.
    for (let left = reader.varint(); left > 0; left--)
      window.#restAs(reader.varint(), reader.bytes().slice());
    return window;
  }

  #restAs(root: number, bytes: Uint8Array): void {
    this.#resting.set(root, bytes);
    this.#restingBytes += bytes.length;
  }

  #forgetBytes(root: number, bytes: Uint8Array): void {
    this.#resting.delete(root);
    this.#restingBytes -= bytes.length;
  }
}
