/** The clock handed to everything that stamps a date: milliseconds since the epoch. */
export type Clock = () => number;

/** RFC 3339 in UTC of an epoch time in milliseconds. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString();
}
