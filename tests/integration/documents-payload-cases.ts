/** Payloads whose fate a real node is asked about; kept apart from the test that sends them. */

const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
/** A body that is not UTF-8. */
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Bodies that may be broken, for the documents route as JSON and for the search route. */
export const jsonBodies: readonly (string | Buffer)[] = [
  ...['', '  ', '\n', '5', '"a"', 'null', 'true', '[1]', '[[]]', '[{"id":1},2]', '[{"id":1},"x"]', '{"id":1} '],
  ...['{"id":1} x', '[{"id":1}] x', '[{"id":1}]]', '[{"id":1},]', '[{"id":1}', '{"id":1', '{"id":1,}', '{"id":1 "b"}'],
  ...[
    '{id:1}',
    '{"id":nul}',
    '[{"id":1}{"id":2}]',
    '[,]',
    '{"id":1}\n{"id":2}',
    '{"id":1,"a":1e999}',
    '{"a":"\\ud800"}',
  ],
  ...['{"a":"\\ud800x"}', '{"a":"\\udc00"}', '{"a":"\\x"}', '{"a":"\n"}', '\ufeff{"id":1}', '{"a":NaN}', '{"a":01}'],
  ...['{"a":1.}', '{"a":-}', '{"a":1e}', '[]', '[ ]', '{"é":tru}', '}', '{"id":1,"é":"日本', bytes('{"id":"\xff"}')],
  ...[bytes('{"\xff":""}'), `{"id":1,"a":${nest(127)}}`, `{"id":1,"a":${nest(126)}}`, '[1,{"id":1}]', '[1 2]', '[1,'],
  ...['[1.5]', '[-3]', '[1e3]', '["a\\nb\\u00e9\\u0001\u2028"]', '[1e999]', '[18446744073709551616]', '[1e300]'],
  ...['[{"\\ud800":1,"id":1}]', '[{"id":1,"\\ud800":1}]', '[{"a":"\n"}]', '[{"a":-}]', '[{"a":[1,]}]', '{"a":[1,]}'],
  ...[bytes('[{"id":1,"a":"\xff"}]'), bytes('[{"id":1},\xff]'), bytes('[{"id":1}]\xff'), bytes('{"id":1}\xff')],
  ...['[{"id":1} , ', '[{"id":1}, 5', '["\\ud800",1]', '[', '{', '{"a"', '{"a":', '{"a":1,', '{"a" 1}', '["a', '["a\\'],
  ...['["a\\u12', '[-', '-', '1e', '1.', 'tru', '[tru', '[{"a":1e', '[{"a":1e+x}]', '"abc', '1e99999999999'],
  ...['{"a":0e99999999999}', '[[1,2],', '[{"a":1}5', '[{1:1}]', '[{"a":[1}]}]', '{"a":[1}]}', '[{"a":{"b"}}]', '[5 ,]'],
  ...['[{"id":1},]x', '{"id":1}\u0000', '// x', '[{"id":1},\n{"id":x}]', '[{"id":1},\n\n5 ]', '{"a":"\\uD83D\\uDE00"}'],
  ...[
    '{"a":"\\uD83D\\uD83D"}',
    '{"a":"\\uD83D\\n"}',
    '{"a":"\\uZZZZ"}',
    '[{"a":"\\uZZéé"}]',
    '[{"a":-é}]',
    '[né]',
    '["\\é"]',
    '"\\uD83Dé"',
    '{"a":1é}',
    '[{"a\t":1}]',
  ],
];

/** NDJSON bodies. */
export const ndjsonBodies: readonly (string | Buffer)[] = [
  ...['', '\n', '{"id":1}\n\n{"id":2}', '{"id":1} {"id":2}', '{"id":\n1}', '[{"id":1}]', '{"id":1}\n[{"id":1}]', '5'],
  ...['{"id":1}\nx', '{"id":1}\n{"id":', '{"id":1},{"id":2}', '{"id":1}\r\n{"id":2}\r\n', '{"id":1}\n null', '5x'],
  ...['null5', '{"id":1}x', '"a"b', '{"id":1} 5x', '{"id":1}\n{"id":"\\ud8"}', '{"id":1}\n{"\\ud800":1}', '[1,]'],
  ...['{"id":1}\n[1}', '{"id":1}\n-', '{"id":1}\n1e999', '\u00a0{"id":1}', bytes('{"id":1}\n{"id":"\xff"}'), 'tru'],
];

/** CSV bodies. */
export const csvBodies: readonly (string | Buffer)[] = [
  ...['', '\n', 'id', 'id\n1', 'id,a\n1,x\n2,', 'id,a:number\n1,x', 'id,a:boolean\n1,yes', 'id,a\n1', 'id,a\n1,2,3'],
  ...['id,a\n1,"x', 'id,a:number\n1,0x10', bytes('id,a\n1,\xff'), 'id,a:number\n1, x ', 'id,a:number\n1,"x""y"'],
  ...['id,a:boolean\n1, tr"ue ', 'id,a\n1,"x\ny"\n2', 'id,a\r\n1,b\r\n2', bytes('id,\xff\n1,2'), '\ufeffid,a\n1'],
  ...[bytes('id,a,b\n1,x\xe9,\xff'), 'id,a:number\n1,1\n3\n2,x', 'id,a\n1,é\n2', 'id,a:number\n1,.', '\n\nid,a\n\n1'],
];

/** A batch whose task outcome is asked. */
export interface Batch {
  body: string;
  primaryKey?: string;
  method?: 'POST' | 'PUT';
  settings?: Record<string, unknown>;
  format?: 'json' | 'ndjson' | 'csv';
}

const withId = (bodies: readonly string[]): Batch[] => bodies.map((body) => ({ body, primaryKey: 'id' }));
const geo = { sortableAttributes: ['_geo'] };

const idBatches = withId([
  ...['[{"id":1},{"id":"a b"},{"x":1}]', '[{"x":1},{"id":"a b"}]', '[{"id":null}]', '[{"id":[1]}]', '[{"id":1.0}]'],
  ...['[{"id":-0}]', '[{"id":-5}]', '[{"id":1e2}]', '[{"id":"é\\n\\"q"}]', '[{"id":""}]', '[{"id":"a\\u0062"}]'],
  ...['[{"id":{ "a" : 1.50 }}]', '[{"id":-9223372036854775809}]', '[{"id":18446744073709551615}]', '[{"id":true}]'],
  ...['[{"id":18446744073709551616}]', '[{"id":"01"},{"id":1},{"id":"1"}]', '[{"id":1,"id":"x y"}]'],
  ...['[{"id":"x y","id":1}]', '[{"x": [1 , 2], "y\\u0041":"\\u00e9\\/"}]', '[{"z":1,"y":0,"z":2,"a":1},{}]'],
  ...[`[{"id":"${'x'.repeat(512)}"}]`, `[{"id":"${'x'.repeat(511)}"}]`, '[{"id":1,"a":1e999}]', '[{"id":"\\ud800"}]'],
  ...[
    `[{"id":1,"a":${nest(128)}}]`,
    `[{"id":1,"a":${nest(127)}}]`,
    '[{"x":1e999}]',
    '[{"id":1,"b":"\\udc00","a":1e999}]',
  ],
  ...['[{"id":1,"a":1e999},{"id":1,"a":1}]', '{"x":[1.50,1e3]}', '[{"id":"a\\/b"}]', '[]'],
]);

const keyBatches: Batch[] = [
  ...['[{"a":1}]', '[{"productId":1}]', '[{"id":1,"productid":2}]', '[{"zid":1,"bid":2,"aid":3}]', '[{},{"id":1}]'],
  ...['[{"id":"a b"}]', '[{"a.id":1}]', '[{"id":1,"id":2}]', '[{"\\u0069d":4}]', '[]', '[{"😀id":1,"\uff5eid":2}]'],
].map((body) => ({ body }));

const deepKeyBatches: Batch[] = [
  ...['[{"a":{"b":{"c":"x y"}},"a.b":{"c":"z z"}}]', '[{"a.b":{"c":"z z"},"a":{"b":{"c":"x y"}}}]'],
  ...['[{"a":{"b":{"c":"x y"},"b.c":"q q"}}]', '[{"a":{"b":{"c":"x y","d":1},"e":1}}]', '[{"a":{"b.c":1}}]'],
].map((body) => ({ body, primaryKey: 'a.b.c' }));

const nestedBatches: Batch[] = [
  ...['[{"foo":{"bar":1}}]', '[{"foo.bar":1}]', '[{"foo.bar":1,"foo":{"bar":2}}]', '[{"foo":{"baz":2}}]'],
  ...['[{"foo":[{"bar":1}]}]', '[{"foo":{"bar":"a b"}}]', '[{"foo":{"bar":1,"bar":2}}]', '[{"foo":{"bar":1e999}}]'],
  ...['[{"foo.bar":1,"foo":{"bar":"a b"}}]', '[{"foo":{"bar":1},"foo.bar":"a b"}]', '[{"foo":{"bar":"a b","x":1}}]'],
  ...['[{"foo":{"bar":1,"bar":2, "bar":3}}]', '[{"foo":{"x":1,"bar":7},"foo.x":2}]'],
].map((body) => ({ body, primaryKey: 'foo.bar' }));

const geoBatches: Batch[] = [
  ...['5', '[1, 2]', 'null', '{}', '{"lat":1}', '{"lng":1}', '{"lat":"1.5","lng":"2"}', '{"lat":"x","lng":2}'],
  ...['{"lat":1,"lng":"y"}', '{"lat":"x","lng":null}', '{"lat":1,"lng":2,"z":3,"a":{"y":1}}', '{"lat":" 1 ","lng":2}'],
  ...['{"lat":"NaN","lng":2}', '{"lat":1e400,"lng":2}', '{"lat":1,"lat":"x","lng":1}', '{"lat":".5","lng":"+5"}'],
].map((value) => ({ body: `[{"id":"d1","_geo":${value}}]`, primaryKey: 'id', settings: geo }));

const vectorBatches = withId(
  [
    ...[
      '5',
      '"a"',
      'null',
      '[]',
      '{}',
      '{"a":[1,2]}',
      '{"a":5}',
      '{"a":"x"}',
      '{"a":{"embeddings":[1],"regenerate":true}}',
    ],
    ...['{"a":{"x":1}}', '{"a":{}}', '{"a":{"regenerate":null}}', '{"a":{"regenerate":[1]}}', '{"a": {"x" : 1}}'],
    ...['{"a":1e3}', '{"a":18446744073709551616}', '{"a":[1e999]}', '{"a":"\\ud800"}', '{"a":1,"a":[1]}'],
  ].map((value) => `[{"id":"d1","_vectors":${value}}]`),
);

const embedders = {
  embedders: { m: { source: 'userProvided', dimensions: 2 }, k: { source: 'userProvided', dimensions: 1 } },
};
const oneEmbedder = { embedders: { m: { source: 'userProvided', dimensions: 2 } } };

const embeddingValues = [
  ...['null', '[]', '[1,2]', '[1,2,3]', '[[1,2],[3,4]]', '[[1,2],[3]]', '[[]]', '[ 1 , 2 ]', '[1e39,2]', '[1e999,2]'],
  ...[
    '[1,"a"]',
    '["a",1]',
    '[[1,2],3]',
    '[1,[2]]',
    '[[1,"x"],3]',
    '[[1],["a"]]',
    '[null,1]',
    '[true]',
    '[{}]',
    '[1,{}]',
  ],
  ...['[[1,2],-3]', '[[1,2],1.5]', '[[1,2],1e3]', '[[1,2],18446744073709551616]', '[[1,2],-0]', '[[1,2],1.0]'],
  ...['["\\u0041\\"x\\n",1]', '["{",1]', '["\\ud800",1]', '[1,[ 2, "a" ,[1.50,null,true, 1e3]]]', '[[1,[2]]]'],
  ...['{"regenerate":true}', '{"regenerate":false}', '{"embeddings":null,"regenerate":true}', '{"embeddings":[1,2]}'],
  ...[
    '{"embeddings":[],"regenerate":true}',
    '{"embeddings":[1],"regenerate":false}',
    '{"embeddings":5,"regenerate":true}',
  ],
  ...[
    '{"embeddings":"x","regenerate":true}',
    '{"embeddings":{},"regenerate":true}',
    '{"embeddings":[1,"a"],"regenerate":1}',
  ],
  ...['{"embeddings":1.5,"regenerate":true}', '{"embeddings":[1,2],"embeddings":[1],"regenerate":false}', '5', '"x"'],
];

const rows = (count: number, row: (i: number) => object) =>
  JSON.stringify(Array.from({ length: count }, (_, i) => row(i)));

/** Whole batches for one embedder, `m`: which document's fault counts, and how many lack vectors. */
const embeddingBodies = [
  ...['[{"id":1},{"id":2},{"id":3,"_vectors":{"m":[1,2]}},{"id":4}]', '[{"id":1},{"id":2,"_vectors":{"m":[1]}}]'],
  ...[
    '[{"id":1,"_vectors":{"m":[1]}},{"id":2,"_vectors":{"m":["a"]}}]',
    '[{"id":1,"_vectors":{"m":[1]}},{"id":2,"_vectors":5}]',
  ],
  ...['[{"id":1},{"id":2,"_vectors":{"m":[{}]}}]', '[{"id":1,"_vectors":{"m":[1]}},{"id":2,"a":1e999}]'],
  ...['[{"id":1,"_vectors":{"m":[1]}},{"id":2,"_vectors":{"m":[1e999,2]}}]'],
  ...['[{"id":1,"_vectors":{"m":[1]}},{"id":2,"_vectors":{"m":null,"x":[1e999,2]}}]'],
  ...['[{"id":2,"_vectors":{"m":null,"x":[{}]}}]', '[{"id":1,"_vectors":{"m":[1]}},{"id":1,"_vectors":{"m":[1,2]}}]'],
  ...['[{"id":1,"_vectors":{"m":[1,2]}},{"id":1,"a":1}]', '[{"id":1,"_vectors":{"m":[1,2]}},{"id":1,"_vectors":{}}]'],
  ...[
    '[{"id":1,"_vectors":{"n":[1,2]}},{"id":2,"_vectors":{"n":null,"abc":1}}]',
    '[{"id":1,"_vectors.m":1,"_Zvectors":2}]',
  ],
  ...['[{"id":1,"_vector":{"m":[1]}},{"id":2,"vectors":1},{"id":3,"_vecto":1,"_vectors":{"nm":[1]}}]'],
  rows(250, (id) => ({ id })),
  rows(350, (id) => (id < 250 ? { id, _vectors: { m: [1, 2] } } : { id })),
  rows(350, (id) =>
    id === 120 ? { id, _vectors: { m: [1] } } : id === 5 || id === 130 ? { id } : { id, _vectors: { m: null } },
  ),
  rows(200, (i) => (i < 150 ? { id: i } : { id: i - 150, _vectors: { m: null } })),
];

/** Documents judged by the index's embedders. */
const embeddingBatches: Batch[] = [
  ...embeddingValues.map((value) => ({ body: `[{"id":"d1","_vectors":{"m":${value},"k":[1]}}]`, settings: embedders })),
  // Of faults with two embedders one server names either.
  ...['{"m":[1]}', '{"m":[1,2]}', '{"k":[1]}', '{"k":["a"],"m":[1,2]}'].map((value) => ({
    body: `[{"id":"d1","_vectors":${value}}]`,
    settings: embedders,
  })),
  ...(['POST', 'PUT'] as const).flatMap((method) =>
    embeddingBodies.map((body) => ({ body, method, settings: oneEmbedder })),
  ),
].map((batch) => ({ primaryKey: 'id', ...batch }));

const orderBatches: Batch[] = (['POST', 'PUT'] as const).flatMap((method) =>
  [
    ...['[{"id":1,"_geo":5},{"id":1,"_geo":null}]', '[{"id":1,"_geo":5},{"id":1,"x":1}]'],
    ...['[{"id":1,"x":1},{"id":2,"_geo":"y"},{"id":1,"_geo":5}]', '[{"id":1,"_geo":5},{"id":2,"_vectors":5}]'],
    ...['[{"id":2,"a":1e999},{"id":1,"_geo":5}]', '[{"id":1,"_geo":5},{"id":"a b"}]'],
  ].map((body) => ({ body, method, primaryKey: 'id', settings: geo })),
);

const settingsBatches: Batch[] = [
  { filterableAttributes: ['_geo'] },
  { filterableAttributes: [{ attributePatterns: ['_geo'] }] },
  { filterableAttributes: ['_geo.lat'] },
].map((settings) => ({ body: '[{"id":1,"_geo":5}]', primaryKey: 'id', settings }));

const formatBatches: Batch[] = [
  { body: '\n', primaryKey: 'kid', format: 'ndjson' },
  { body: 'id', primaryKey: 'kid', format: 'csv' },
  { body: '[]', primaryKey: 'kid' },
  { body: 'x,y:number\n1,1e3', primaryKey: 'id', format: 'csv' },
  { body: 'id:number\n1.5', primaryKey: 'id', format: 'csv' },
  { body: '{"x" : 1, "y":"\\u00e9"}', primaryKey: 'id', format: 'ndjson' },
];

/** Batches good and bad, of every kind of check. */
export const batches: readonly Batch[] = [
  ...idBatches,
  ...keyBatches,
  ...nestedBatches,
  ...deepKeyBatches,
  ...geoBatches,
  ...vectorBatches,
  ...embeddingBatches,
  ...orderBatches,
  ...settingsBatches,
  ...formatBatches,
];
