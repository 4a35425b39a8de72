const microsecondsPerMs = 1_000;

/**
 * RFC 3339 dates from a clock in milliseconds, each later than the one before, so that keys made within one millisecond
 * keep their order. Fractions carry no trailing zeros, as Meilisearch writes them.
 */
export function createTimestamps(now: () => number): () => string {
  let last = 0;
  return () => {
    last = Math.max(now() * microsecondsPerMs, last + 1);
    const second = new Date(Math.floor(last / microsecondsPerMs)).toISOString().slice(0, 19);
    const fraction = String(last % 1_000_000)
      .padStart(6, '0')
      .replace(/0+$/, '');
    return `${second}${fraction === '' ? '' : `.${fraction}`}Z`;
  };
}
