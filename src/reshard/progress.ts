/** How far the filling of a shadow is, for operators. */
export interface ReshardProgress {
  step: 'waiting' | 'preparing' | 'copying' | 'verifying' | 'catching up' | 'finishing';
  /** Documents read from both layouts in this step, of about `total`; null while that is not known. */
  done: number;
  total: number | null;
  /** Documents stored in the shadow, and deleted from it, since the attempt began. */
  copied: number;
  deleted: number;
  /** When the step began, in milliseconds of the clock that only goes forward. */
  since: number;
}

/** The progress of an attempt that begins. */
export const newReshardProgress = (): ReshardProgress => ({
  step: 'waiting',
  done: 0,
  total: null,
  copied: 0,
  deleted: 0,
  since: performance.now(),
});

/** Begin another step. */
export function enter(progress: ReshardProgress, step: ReshardProgress['step'], total: number | null = null): void {
  Object.assign(progress, { step, done: 0, total, since: performance.now() });
}

/** Documents per second in this step, and the seconds that it will take at that rate; null while that cannot be told. */
export function paceOf(
  { done, total, since }: ReshardProgress,
  now: number,
): { documentsPerSecond: number | null; secondsLeft: number | null } {
  const seconds = (now - since) / 1_000;
  if (done === 0 || seconds <= 0) return { documentsPerSecond: null, secondsLeft: null };
  const rate = done / seconds;
  return {
    documentsPerSecond: Math.round(rate),
    secondsLeft: total === null ? null : Math.ceil(Math.max(0, total - done) / rate),
  };
}
