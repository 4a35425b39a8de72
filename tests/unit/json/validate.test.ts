import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors/api-error.ts';
import { readJsonBody } from '../../../src/json/body.ts';
import { displayDouble, isInteger, printDouble, printValue, rustDebug } from '../../../src/json/print.ts';
import { checkText, checkValue, JsonFault, jsonSource, parseJson } from '../../../src/json/validate.ts';

const seeded = { seed: 9, numRuns: 500 };

function fault(text: string | Buffer): string {
  try {
    parseJson(text);
    return 'none';
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return error.message;
  }
}

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
        checkText(jsonSource(text));
        expect(checkValue(jsonSource(text), 0, false)).toBe(text.length);
      }),
      seeded,
    );
  });

  it('refuses every text that JSON.parse refuses', () => {
    const broken = fc.tuple(fc.json(), fc.nat(200), fc.constantFrom('', ',', '"', '{', ']', 'x', '1', '\\', '\n', ':'));
    fc.assert(
      fc.property(broken, ([json, place, insert]) => {
        const at = place % (json.length + 1);
        const text = json.slice(0, at) + insert + json.slice(at + 1);
        let parses = true;
        try {
          JSON.parse(text);
        } catch {
          parses = false;
        }
        if (!parses) expect(fault(text)).not.toBe('none');
        else expect(fault(text)).toMatch(/^none$|^number out of range/);
      }),
      seeded,
    );
  });

  it.each([
    ['{"q":', 'EOF while parsing a value at line 1 column 5'],
    ['{"é":tru}', 'expected ident at line 1 column 10'],
    ['{"a":1}\n}', 'trailing characters at line 2 column 1'],
    ['{"a":1e999}', 'number out of range at line 1 column 10'],
    ['"\\ud800"', 'unexpected end of hex escape at line 1 column 8'],
    ['\ufeff{}', 'expected value at line 1 column 1'],
    ['NaN', 'expected value at line 1 column 1'],
    ['['.repeat(128) + ']'.repeat(128), 'recursion limit exceeded at line 1 column 128'],
    ['-é', 'invalid number at line 1 column 2'],
    ['{"a":"\n"}', 'control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0'],
  ])('explains %s in the words of serde_json', (text, message) => {
    expect(fault(text)).toBe(message);
  });

  it('takes the last of duplicate keys, and nesting of 127', () => {
    expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
    expect(fault('['.repeat(127) + ']'.repeat(127))).toBe('none');
  });

  it('counts the bytes of a body that is no UTF-8', () => {
    expect(fault(Buffer.from('{"é":"\xff"}', 'latin1'))).toBe('invalid unicode code point at line 1 column 4');
  });
});

describe('readJsonBody', () => {
  it('throws what a client sees', () => {
    expect(() => readJsonBody('')).toThrow(new ApiError('missing_payload', 'A json payload is missing.'));
    const message = 'The json payload provided is malformed. `EOF while parsing an object at line 1 column 1`.';
    expect(() => readJsonBody('{')).toThrow(new ApiError('malformed_payload', message));
  });
});

describe('printing as the server does', () => {
  it.each([
    [100, '100.0', '100'],
    [-0, '-0.0', '-0'],
    [1.5e-7, '1.5e-7', '0.00000015'],
    [0.00001, '0.00001', '0.00001'],
    [1e16, '1e16', '10000000000000000'],
    [1.8446744073709552e19, '1.8446744073709552e19', '18446744073709552000'],
    [123456.75, '123456.75', '123456.75'],
  ])('writes the double %d', (value, printed, displayed) => {
    expect(printDouble(value)).toBe(printed);
    expect(displayDouble(value)).toBe(displayed);
  });

  it('writes doubles that read back as the same', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Number(printDouble(value)), value)).toBe(true);
        expect(Object.is(Number(displayDouble(value)), value)).toBe(true);
      }),
      seeded,
    );
  });

  it('knows integers by their text', () => {
    for (const text of ['0', '-5', '18446744073709551615', '-9223372036854775808']) expect(isInteger(text)).toBe(true);
    for (const text of ['-0', '1.0', '1e2', '18446744073709551616', '-9223372036854775809', 'x']) {
      expect(isInteger(text)).toBe(false);
    }
  });

  it('prints values compactly, keeping big integers', () => {
    expect(printValue('{ "a" : [1 , 2.50, 12345678901234567890], "b":"\\u00e9\\/", "a" : null }')).toBe(
      '{"a":null,"b":"é/"}',
    );
    expect(printValue(' [12345678901234567890, 1e2] ')).toBe('[12345678901234567890,100.0]');
  });

  it('quotes strings as Rust does', () => {
    expect(rustDebug('a\n"é\u0001\u2028\\')).toBe('"a\\n\\"é\\u{1}\\u{2028}\\\\"');
  });
});
