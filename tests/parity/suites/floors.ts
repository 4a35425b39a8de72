/**
 * Shares of equal answers below which a class has become worse. Everything that is not named must be equal in every
 * request; `docs/fidelity.md` explains each entry and gives what was measured.
 */
export const floors: Readonly<Record<string, number>> = {};
