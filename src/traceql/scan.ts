/** What the characters of a query are. */

const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const LOW_LINE = 0x5f;

/** ASCII that ends the name of an attribute, besides blanks. */
const NAME_ENDS: Uint8Array = new Uint8Array(128);
for (const character of "{}()=~!<>&|^,") NAME_ENDS[character.charCodeAt(0)] = 1;
for (let code = TAB; code <= CARRIAGE_RETURN; code++) NAME_ENDS[code] = 1;
NAME_ENDS[SPACE] = 1;

/** Whether a UTF-16 unit is white space of Unicode. */
export function isBlank(code: number): boolean {
  if (code < 0x80) return code === SPACE || (code >= TAB && code <= CARRIAGE_RETURN);
  if (code === 0x85 || code === 0xa0 || code === 0x1680) return true;
  if (code < 0x2000 || code > 0x3000) return false;
  return (
    code <= 0x200a ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** Whether a UTF-16 unit can stand in the name of an attribute without quotes. */
export function isNameUnit(code: number): boolean {
  return code < 0x80 ? NAME_ENDS[code] === 0 : !isBlank(code);
}

/** Whether a UTF-16 unit is a decimal digit. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether a UTF-16 unit can begin a word. */
export function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === LOW_LINE;
}

/** Offset behind the word that goes on at `at`. */
export function wordEnd(text: string, at: number): number {
  let end = at;
  while (isWordStart(text.charCodeAt(end)) || isDigit(text.charCodeAt(end))) end++;
  return end;
}

/** Offset behind all units of a name from `at` on. */
export function nameEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && isNameUnit(text.charCodeAt(end))) end++;
  return end;
}
