/** Thrift's binary protocol, written from its description and not with the reader under test. */

/** A value with its type. */
export interface ThriftValue {
  readonly type: number;
  readonly bytes: Buffer;
}

function fixed(type: number, length: number, write: (buffer: Buffer) => void): ThriftValue {
  const bytes = Buffer.alloc(length);
  write(bytes);
  return { type, bytes };
}

export const bool = (value: boolean): ThriftValue => fixed(2, 1, (to) => to.writeUInt8(value ? 1 : 0));
export const double = (value: number): ThriftValue => fixed(4, 8, (to) => to.writeDoubleBE(value));
export const i32 = (value: number): ThriftValue => fixed(8, 4, (to) => to.writeInt32BE(value));
export const i64 = (value: bigint): ThriftValue => fixed(10, 8, (to) => to.writeBigInt64BE(value));

/** A string or a binary value. */
export function text(value: string | Uint8Array): ThriftValue {
  const content = Buffer.from(value);
  return { type: 11, bytes: Buffer.concat([i32(content.length).bytes, content]) };
}

/** Fields by number; those that are undefined are left out. */
export function struct(fields: Readonly<Record<number, ThriftValue | undefined>>): ThriftValue {
  const parts = Object.entries(fields).flatMap(([id, value]) => {
    if (value === undefined) return [];
    return [Buffer.from([value.type, Number(id) >> 8, Number(id) & 0xff]), value.bytes];
  });
  return { type: 12, bytes: Buffer.concat([...parts, Buffer.from([0])]) };
}

/** Elements of one type. */
export function list(elementType: number, values: readonly ThriftValue[]): ThriftValue {
  const head = Buffer.from([elementType]);
  return {
    type: 15,
    bytes: Buffer.concat([head, i32(values.length).bytes, ...values.map(({ bytes }) => bytes)]),
  };
}

/** A map of texts to structs. */
export function map(entries: readonly (readonly [ThriftValue, ThriftValue])[]): ThriftValue {
  const head = Buffer.from([11, 12]);
  const parts = entries.flatMap(([key, value]) => [key.bytes, value.bytes]);
  return { type: 13, bytes: Buffer.concat([head, i32(entries.length).bytes, ...parts]) };
}
