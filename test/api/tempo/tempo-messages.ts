/** Messages of the Tempo API read with protobufjs, from the proto file that the package ships. */

import { join } from "node:path";
import protobuf from "protobufjs";

const FOLDER = join(import.meta.dirname, "../../../proto");

/** Reads bytes as a message of `tempopb`: 64-bit numbers as texts, bytes as base64, enums by name, nothing that is default. */
export function readMessage(name: string, bytes: Uint8Array): Record<string, unknown> {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(FOLDER, target);
  root.loadSync("tempo/tempo.proto");
  const type = root.lookupType(`tempopb.${name}`);
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, enums: String });
}
