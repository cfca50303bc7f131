/** Text that came from elsewhere, made safe and measurable for a terminal. */

const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/gu;
const WITHOUT_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/gu;

/** The text without control characters: a span's name must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, "\ufffd");
}

/** Cells a printable text takes in a terminal: East Asian characters take two, combining marks none. */
export function displayWidth(text: string): number {
  const visible = text.replace(WITHOUT_WIDTH, "");
  return [...visible].length + (visible.match(WIDE)?.length ?? 0);
}

/** The text cut to a width, with an ellipsis where something is missing. */
export function fitted(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    const next = displayWidth(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return `${kept}…`;
}

/** The text filled with blanks to a width, at its end or, for numbers, at its start. */
export function padded(text: string, width: number, side: "left" | "right" = "left"): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "left" ? text + blanks : blanks + text;
}
