/** Numbers cut to whole steps, as windows of time are. */

/** The last whole step at or before a value. */
export function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

/** The first whole step at or after a value. */
export function ceilTo(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
