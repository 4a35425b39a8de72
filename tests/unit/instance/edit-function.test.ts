// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are scripts of another language
import { expect, it } from 'vitest';
import { unwrapMessage, wrapFunction } from '../../../src/documents/edit-function.ts';
import { readScript } from '../../../src/documents/rhai.ts';

const words = (text: string) => [...readScript(text).words];
const functions = (text: string) => readScript(text).functions.map(({ start, end }) => text.slice(start, end));

it('sees words outside of strings and comments only', () => {
  expect(words('doc.a = "return" + `fn` // return')).toEqual(['doc']);
  expect(words('/* a /* return */ b */ x')).toEqual(['x']);
  expect(words('doc.return_; "a\\"return" ; y')).toEqual(['doc', 'y']);
  expect(words('#"return " return"# ; z')).toEqual(['z']);
  expect(words("'\\'' ; `a ${return 1} b`; for i in 0..exit {}")).toContain('exit');
  expect(words('doc.exit = doc . eval')).toEqual(['doc']);
});

it('finds functions with what they hold', () => {
  const first = 'fn f(x) { if x { return "}" } /* } */ 1 }';
  const second = 'private  fn g() { `}${ #{a: 1}.a }` }';
  expect(functions(`${first} doc.a = f(1);\n${second}`)).toEqual([first, second]);
  expect(words(`${first} doc.a = f(1); ${second}`)).not.toContain('return');
  expect(words(`${first} if doc.a { return }`)).toContain('return');
});

it('keeps every line of the script one line lower', () => {
  for (const script of ['a\nb', 'fn f() {\n 1 }\nif doc.a { return }\nb', '']) {
    const lines = wrapFunction(script, 'v').split('\n');
    const own = script.split('\n').filter((line) => !line.includes('fn') && !line.includes('1 }'));
    for (const line of own) expect(lines[script.split('\n').indexOf(line) + 1]?.trim()).toBe(line.trim());
  }
});

it('refuses what could skip the last line', () => {
  const calls = ['exit()', 'if doc.a { exit(1) }', 'eval("exit()")', 'fn f() { exit() } f()', '`${exit()}`'];
  const names = [
    'miroir_shard = 1',
    'fn miroir_run() {}',
    'return; let doc = 5',
    'if doc.a { return }\nconst doc = #{}',
  ];
  for (const script of [...calls, ...names]) {
    expect(() => wrapFunction(script, 'v')).toThrow(/^The function may not .* with Miroir\. Nothing was changed\.$/);
  }
  const fine = ['doc.exit = 1', '"exit"', '// eval', 'doc.evaluated = exits', 'doc.miroir_x = 1', 'let doc = #{}'];
  for (const script of [...fine, 'fn f() { let doc = 5; return doc } return f()']) {
    expect(() => wrapFunction(script, 'v')).not.toThrow();
  }
});

it('gives places in the lines of the client', () => {
  expect(unwrapMessage('Runtime error: x (line 4, position 1)\nin closure call (line 5, position 15)')).toBe(
    'Runtime error: x (line 3, position 1)',
  );
  expect(unwrapMessage("x (line 2, position 13)\nin call to function 'f' (line 3, position 9)")).toBe(
    "x (line 1, position 13)\nin call to function 'f' (line 2, position 9)",
  );
});
