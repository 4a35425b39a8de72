/** The arrows between folders: http -> domains -> nodes, store; pure logic touches no I/O. */
const pure =
  '^src/(placement/(hash|rendezvous|topology)|search/(merge|filter|plan)|documents/(primary-key|ids|markers)|json|errors|validation)';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means that two files are one.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domains-know-no-http',
      severity: 'error',
      comment: 'Only the composition root and the commands may use the HTTP layer; its types are the exception.',
      from: { path: '^src/', pathNot: '^src/(http/|wiring/|app\\.ts|main\\.ts|docs/)' },
      to: { path: '^src/http/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'store-knows-no-domain',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/', pathNot: '^src/(store|errors)/' },
    },
    {
      name: 'pure-logic-is-pure',
      severity: 'error',
      comment: 'No I/O in what is tested as a function of its arguments.',
      from: { path: pure },
      to: { path: '^src/(nodes|store/(sqlite|redis)|http|tasks)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-logic-no-node-io',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core'], path: '^(node:)?(fs|net|http|https|child_process|timers|worker_threads)' },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
