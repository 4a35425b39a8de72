const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[\s\S](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[zZ]|([+-])(\d{2}):(\d{2}))$/;
const dateOnly = /^([+-]?\d{4})-(\d{2})-(\d{2})$/;
const DAY = 86_400_000;

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function midnight(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

/** An RFC 3339 instant (any one character may stand between date and time), in its canonical spelling, or null. */
export function readInstant(text: string): string | null {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction, sign, hours, minutes] =
    match;
  if (!isDay(Number(year), Number(month), Number(day))) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59) return null;
  const offset = sign === undefined || (hours === '00' && minutes === '00') ? 'Z' : `${sign}${hours}:${minutes}`;
  const leap = Number(second) === 60;
  if (Number(second) > 60 || (leap && !endsUtcMonth(`${year}-${month}-${day}T${hour}:${minute}:59${offset}`)))
    return null;
  const digits = (leap ? '999999999' : (fraction ?? '')).slice(0, 9).replace(/0+$/, '');
  return `${year}-${month}-${day}T${hour}:${minute}:${leap ? '59' : second}${digits === '' ? '' : `.${digits}`}${offset}`;
}

/** Whether the second is the last of a month in UTC: only there a leap second may follow. */
function endsUtcMonth(instant: string): boolean {
  const date = new Date(Date.parse(instant) + 1_000);
  return date.getUTCDate() === 1 && date.getUTCHours() === 0 && date.getUTCMinutes() === 0;
}

/** Milliseconds since the epoch of the midnight (UTC) that begins a day `YYYY-MM-DD`, or null. */
export function readDay(text: string): number | null {
  const match = dateOnly.exec(text);
  if (match === null) return null;
  const [, year, month, day] = match.map(Number);
  if (year === undefined || month === undefined || day === undefined || !isDay(year, month, day)) return null;
  return midnight(year, month, day);
}

/** The day after. */
export function nextDay(midnightMs: number): number {
  return midnightMs + DAY;
}
