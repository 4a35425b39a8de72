import type { Rng } from './rng.ts';

const onsets = [
  'b',
  'br',
  'c',
  'ch',
  'd',
  'f',
  'fl',
  'g',
  'gr',
  'h',
  'j',
  'k',
  'l',
  'm',
  'n',
  'p',
  'pl',
  'r',
  's',
  'st',
  't',
  'tr',
  'v',
  'w',
  'z',
];
const nuclei = ['a', 'e', 'i', 'o', 'u', 'ai', 'ea', 'ou', 'é', 'ö'];
const nucleusOdds = [0.22, 0.44, 0.6, 0.75, 0.86, 0.9, 0.94, 0.97, 0.985, 1];
const codas = ['', '', '', 'l', 'm', 'n', 'r', 's', 't', 'nd', 'rk', 'ng'];

function syllable(rng: Rng): string {
  const roll = rng.next();
  const nucleus = nuclei[nucleusOdds.findIndex((odds) => roll < odds)] ?? 'a';
  return rng.pick(onsets) + nucleus + rng.pick(codas);
}

/** Words most frequent first, with Zipf's law for how often each is drawn. */
export interface Vocabulary {
  readonly words: readonly string[];
  /** A word by its frequency. */
  draw(rng: Rng): string;
}

/**
 * `size` different pronounceable words. Frequent ones are short; thousands share each short prefix, as in a natural
 * language, so that the node's prefix handling is exercised. `stems` words in a row often share their first syllables.
 */
export function createVocabulary(rng: Rng, size: number): Vocabulary {
  const words = new Set<string>(['the', 'of', 'a', 'in', 'and']);
  while (words.size < size) {
    const stem = Array.from({ length: rng.between(1, words.size < 300 ? 1 : 2) }, () => syllable(rng)).join('');
    words.add(stem);
    const family = rng.int(4);
    for (let i = 0; i < family && words.size < size; i++) words.add(stem + syllable(rng));
  }
  const list = [...words];
  const cumulative: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= list.length; rank++) {
    total += 1 / rank;
    cumulative.push(total);
  }
  return {
    words: list,
    draw(random) {
      const target = random.next() * total;
      let low = 0;
      let high = list.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((cumulative[middle] ?? total) < target) low = middle + 1;
        else high = middle;
      }
      return list[low] ?? 'the';
    },
  };
}

/** A sentence of `length` drawn words, capitalised, with a comma here and there. */
export function sentence(rng: Rng, vocabulary: Vocabulary, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    const word = vocabulary.draw(rng);
    if (i === 0) text = word.charAt(0).toUpperCase() + word.slice(1);
    else text += (rng.chance(0.06) ? ', ' : ' ') + word;
  }
  return `${text}.`;
}
