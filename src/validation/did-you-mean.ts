/**
 * Edit distance in which swapping two neighbours costs one, also when something was inserted between them
 * (the unrestricted form of Damerau and Levenshtein's measure).
 */
export function editDistance(left: string, right: string): number {
  const a = [...left];
  const b = [...right];
  const far = a.length + b.length;
  const width = b.length + 2;
  const cost = new Array<number>((a.length + 2) * width).fill(far);
  const at = (i: number, j: number) => cost[i * width + j] ?? far;
  for (let i = 0; i <= a.length; i++) cost[(i + 1) * width + 1] = i;
  for (let j = 0; j <= b.length; j++) cost[width + j + 1] = j;
  const lastRow = new Map<string, number>();
  for (let i = 1; i <= a.length; i++) {
    let lastMatch = 0;
    for (let j = 1; j <= b.length; j++) {
      const row = lastRow.get(b[j - 1] ?? '') ?? 0;
      const column = lastMatch;
      const same = a[i - 1] === b[j - 1];
      cost[(i + 1) * width + j + 1] = Math.min(
        at(i, j) + (same ? 0 : 1),
        at(i + 1, j) + 1,
        at(i, j + 1) + 1,
        at(row, column) + (i - row - 1) + 1 + (j - column - 1),
      );
      if (same) lastMatch = j;
    }
    lastRow.set(a[i - 1] ?? '', i);
  }
  return at(a.length + 1, b.length + 1);
}

/** Edits allowed for a received word of so many bytes. */
function tolerance(bytes: number): number {
  if (bytes <= 3) return 0;
  if (bytes <= 7) return 1;
  if (bytes <= 12) return 2;
  if (bytes <= 17) return 3;
  return bytes <= 24 ? 4 : 5;
}

/** The part of a message that suggests the nearest accepted word (the first of equals), or nothing. */
export function didYouMean(received: string, accepted: readonly string[]): string {
  let best: string | null = null;
  let bestDistance = tolerance(Buffer.byteLength(received)) + 1;
  if (bestDistance === 1) return '';
  for (const word of accepted) {
    const distance = editDistance(received, word);
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best === null ? '' : `did you mean \`${best}\`? `;
}
