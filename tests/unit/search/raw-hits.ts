import { bytesOf, scanByteObject } from '../../../src/json/byte-text.ts';
import { type NodeSearchAnswer, readSearchAnswer } from '../../../src/search/merge/answer.ts';
import { type HitView, type NodeHit, readHit } from '../../../src/search/merge/hit.ts';

/** A hit out of its JSON text. */
export function hitOf(text: string, view: HitView): NodeHit {
  const bytes = bytesOf(text);
  return readHit(bytes, scanByteObject(bytes).list, view);
}

/** A node's answer out of its JSON text. */
export function answerOf(text: string): NodeSearchAnswer {
  return readSearchAnswer(bytesOf(text));
}
