/** How far something is. */
export interface Progress {
  /** What is done now, for example `importing`. */
  label: string;
  done: number;
  /** Null while it is not known. */
  total: number | null;
  /** Turns a number of units into text: `1,204` documents or `3.2 MiB`. */
  format(value: number): string;
  /** Units per second where that is known; otherwise it is taken from what is seen. */
  perSecond?: number;
  /** What else there is to say, behind everything. */
  note?: string;
}

/** Draws progress; `end` leaves the last state standing. */
export interface ProgressBar {
  update(progress: Progress): void;
  /** Several at once, one below the other; each with a rate of its own. */
  updateAll(list: readonly Progress[]): void;
  end(): void;
}

const barWidth = 24;
/** Milliseconds between two lines where nothing can be drawn over. */
const plainEveryMs = 10_000;

/** `1h 02m`, `3m 07s` or `12s`. */
export function timeLeft(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole >= 3_600) return `${Math.floor(whole / 3_600)}h ${two(Math.floor((whole % 3_600) / 60))}m`;
  return whole >= 60 ? `${Math.floor(whole / 60)}m ${two(whole % 60)}s` : `${whole}s`;
}

/** One line: bar, share, amount, rate since `elapsedMs` ago when `before` was done, time left. */
export function progressLine(progress: Progress, elapsedMs: number, before: number): string {
  const { label, done, total, format } = progress;
  const seen = elapsedMs > 0 ? Math.max(0, (done - before) / (elapsedMs / 1_000)) : 0;
  const rate = progress.perSecond ?? seen;
  const note = (progress.note ?? '') === '' ? '' : `  ${progress.note}`;
  const speed = rate > 0 ? `  ${format(Math.round(rate))}/s` : '';
  if (total === null) return `${label}  ${format(done)}${speed}${note}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const left = rate > 0 && done < total ? `  ${timeLeft((total - done) / rate)} left` : '';
  return `${label}  ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${format(done)} of ${format(total)}${speed}${left}${note}`;
}

/** A bar on a stream: drawn in place on a terminal, a line now and then elsewhere, nothing when `quiet`. */
export function createProgressBar(
  stream: { isTTY?: boolean; columns?: number; write(text: string): unknown },
  now: () => number,
  quiet = false,
): ProgressBar {
  let phase: { label: string; since: number; before: number } | null = null;
  let lastPlain = Number.NEGATIVE_INFINITY;
  /** Lines that stand on the terminal. */
  let drawn = 0;

  function draw(lines: readonly string[]): void {
    if (stream.isTTY === true) {
      const width = (stream.columns ?? Number.POSITIVE_INFINITY) - 1;
      const up = drawn > 1 ? `\u001b[${drawn - 1}A` : '';
      stream.write(`\r${up}\u001b[J${lines.map((line) => line.slice(0, width)).join('\n')}`);
      drawn = lines.length;
    } else if (now() - lastPlain >= plainEveryMs) {
      stream.write(`${lines.join('\n')}\n`);
      lastPlain = now();
    }
  }

  return {
    update(progress) {
      if (quiet) return;
      const at = now();
      if (phase?.label !== progress.label) phase = { label: progress.label, since: at, before: progress.done };
      draw([progressLine(progress, at - phase.since, phase.before)]);
    },
    updateAll(list) {
      if (!quiet) draw(list.map((progress) => progressLine(progress, 0, progress.done)));
    },
    end() {
      if (drawn > 0) stream.write('\n');
      drawn = 0;
    },
  };
}
