/** One level of a progress, as Meilisearch shows it. */
export interface ProgressStep {
  currentStep: string;
  finished: number;
  total: number;
}
