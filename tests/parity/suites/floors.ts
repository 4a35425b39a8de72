/**
 * Shares of equal answers below which a class has become worse. Everything that is not named must be equal in every
 * request; `docs/fidelity.md` explains each entry and gives what was measured.
 */
export const floors: Readonly<Record<string, number>> = {
  'words then prefix': 0.9,
  'highlight, misspelt forms': 0.9,
  'ranking score': 0.9,
  'score details': 0.9,
  'strategy frequency': 0.6,
  'facet spelling': 0.5,
  'facet order and size: general': 0.95,
  'displayed attributes: general': 0.95,
};
