import { type Bytes, type ByteText, cut } from './byte-text.ts';

/** Bytes shown at once of those that are too many for one text; below `longestText`, and as few as keep moving on rare. */
const shownAtOnce = 65_536;

/** Shows bytes as a text, of long ones a part after the other, so that no long text is made and nothing twice or in vain. */
export class ByteWindow {
  /** What is shown. */
  text: ByteText;
  readonly #bytes: Bytes;
  #from = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.text = typeof bytes === 'string' ? bytes : cut(bytes, 0, shownAtOnce);
  }

  /** Shows what follows from `at` in the text, and more of it than before when that is its beginning. False: there is no more. */
  moveOn(at: number): boolean {
    if (this.#from + this.text.length >= this.#bytes.length) return false;
    const most = at === 0 ? 2 * this.text.length : shownAtOnce;
    this.#from += at;
    this.text = cut(this.#bytes, this.#from, this.#from + most);
    return true;
  }
}
