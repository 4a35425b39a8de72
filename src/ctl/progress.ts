/** How far something is. */
export interface Progress {
  /** What is done now, for example `importing`. */
  label: string;
  done: number;
  /** Null while it is not known. */
  total: number | null;
  /** Turns a number of units into text: `1,204` documents or `3.2 MiB`. */
  format(value: number): string;
}

/** Draws progress; `end` leaves the last state standing. */
export interface ProgressBar {
  update(progress: Progress): void;
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
  const rate = elapsedMs > 0 ? Math.max(0, (done - before) / (elapsedMs / 1_000)) : 0;
  const speed = rate > 0 ? `  ${format(Math.round(rate))}/s` : '';
  if (total === null) return `${label}  ${format(done)}${speed}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  const left = rate > 0 && done < total ? `  ${timeLeft((total - done) / rate)} left` : '';
  return `${label}  ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${format(done)} of ${format(total)}${speed}${left}`;
}

/** A bar on a stream: drawn in place on a terminal, a line now and then elsewhere, nothing when `quiet`. */
export function createProgressBar(
  stream: { isTTY?: boolean; columns?: number; write(text: string): unknown },
  now: () => number,
  quiet = false,
): ProgressBar {
  let phase: { label: string; since: number; before: number } | null = null;
  let lastPlain = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    update(progress) {
      if (quiet) return;
      const at = now();
      if (phase?.label !== progress.label) phase = { label: progress.label, since: at, before: progress.done };
      const line = progressLine(progress, at - phase.since, phase.before);
      if (stream.isTTY === true) {
        stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? line.length + 1) - 1)}`);
        drawn = true;
      } else if (at - lastPlain >= plainEveryMs) {
        stream.write(`${line}\n`);
        lastPlain = at;
      }
    },
    end() {
      if (drawn) stream.write('\n');
      drawn = false;
    },
  };
}
