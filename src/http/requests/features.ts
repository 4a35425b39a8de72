import { type FeatureName, featureNames } from '../../instance/features.ts';
import type { Parser } from '../../validation/cursor.ts';
import { type Field, maybe, object } from '../../validation/object.ts';
import { boolean, nullable } from '../../validation/values.ts';

const fields = Object.fromEntries(featureNames.map((name) => [name, maybe(nullable(boolean))])) as Record<
  FeatureName,
  Field<boolean | null | undefined>
>;
const body = object(fields);

/** `PATCH /experimental-features`: only the features that are to change; null leaves one as it is. */
export const featuresBody: Parser<Partial<Record<FeatureName, boolean>>> = (at) =>
  Object.fromEntries(Object.entries(body(at)).filter(([, value]) => typeof value === 'boolean'));
