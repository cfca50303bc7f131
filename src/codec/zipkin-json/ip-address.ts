/** Internet addresses as Zipkin keeps them: IPv4 dotted, IPv6 in the form of RFC 5952. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const IPV4_IN_IPV6 = /^::(?:[f0]{4}:)?(\d+\.\d+\.\d+\.\d+)$/i;
const HEXTETS = 8;

/** An address, in the member of its family. */
export interface AddressMember {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

const NO_ADDRESS: AddressMember = Object.freeze({});

/** `{ipv4}` or `{ipv6}`, or nothing when the text is no address. An IPv4 address inside IPv6 counts as IPv4. */
export function addressMembers(text: string): AddressMember {
  if (IPV4.test(text)) return { ipv4: text };
  if (!text.includes(":")) return NO_ADDRESS;
  const inner = IPV4_IN_IPV6.exec(text)?.[1];
  if (inner !== undefined) return IPV4.test(inner) ? { ipv4: inner } : NO_ADDRESS;
  const hextets = hextetsOf(text);
  return hextets === undefined ? NO_ADDRESS : addressFromHextets(hextets);
}

/** The address that 4 or 16 bytes are. */
export function addressFromBytes(bytes: Uint8Array): AddressMember {
  if (bytes.length === 4) return { ipv4: bytes.join(".") };
  if (bytes.length !== 16) return NO_ADDRESS;
  const hextets = Array.from(
    { length: HEXTETS },
    (_, index) => (bytes[index * 2] as number) * 256 + (bytes[index * 2 + 1] as number),
  );
  return addressFromHextets(hextets);
}

/** Compatible and mapped IPv4 addresses count as IPv4; `::1` and `::` do not. */
function addressFromHextets(hextets: readonly number[]): AddressMember {
  const [high = 0, low = 0] = hextets.slice(6);
  const isEmbedded =
    hextets.slice(0, 5).every((hextet) => hextet === 0) &&
    (hextets[5] === 0xffff || (hextets[5] === 0 && high * 0x1_0000 + low > 1));
  if (!isEmbedded) return { ipv6: textOf(hextets) };
  return { ipv4: [high >> 8, high & 255, low >> 8, low & 255].join(".") };
}

function hextetsOf(text: string): number[] | undefined {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return undefined;
  const left = partsOf(head);
  if (left === undefined) return undefined;
  if (tail === undefined) return left.length === HEXTETS ? left : undefined;
  const right = partsOf(tail);
  if (right === undefined || left.length + right.length >= HEXTETS) return undefined;
  return [...left, ...new Array<number>(HEXTETS - left.length - right.length).fill(0), ...right];
}

function partsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  return parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : undefined;
}

/** The longest run of zeros, the first of equal ones, is left out. */
function textOf(hextets: readonly number[]): string {
  let best = { start: -1, length: 0 };
  for (let start = 0; start < HEXTETS; start++) {
    let length = 0;
    while (hextets[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]): string => part.map((hextet) => hextet.toString(16)).join(":");
  if (best.length === 0) return hex(hextets);
  return `${hex(hextets.slice(0, best.start))}::${hex(hextets.slice(best.start + best.length))}`;
}
