import type { Clause, Expr } from '@cedar-policy/cedar-wasm/nodejs';

/**
 * What an expression that is left after partial evaluation can still become: `false` only where every value of the
 * unknowns gives false or an error (an error never satisfies a policy), `true` likewise, undefined where it is open.
 * The engine leaves `x == "a" && false` standing, because x may fail; for a permit that is as good as false.
 */
export const foldExpression = (expression: Expr): boolean | undefined => {
  if ('Value' in expression) return typeof expression.Value === 'boolean' ? expression.Value : undefined;
  if ('&&' in expression) {
    const { left, right } = expression['&&'] as { left: Expr; right: Expr };
    const [a, b] = [foldExpression(left), foldExpression(right)];
    return a === false || b === false ? false : a === true && b === true ? true : undefined;
  }
  if ('||' in expression) {
    const { left, right } = expression['||'] as { left: Expr; right: Expr };
    const [a, b] = [foldExpression(left), foldExpression(right)];
    return a === true || b === true ? true : a === false && b === false ? false : undefined;
  }
  if ('!' in expression) {
    const inner = foldExpression((expression['!'] as { arg: Expr }).arg);
    return inner === undefined ? undefined : !inner;
  }
  if ('if-then-else' in expression) {
    const branches = expression['if-then-else'] as { if: Expr; then: Expr; else: Expr };
    const test = foldExpression(branches.if);
    const [a, b] = [foldExpression(branches.then), foldExpression(branches.else)];
    return test === true ? a : test === false ? b : a === b ? a : undefined;
  }
  return undefined;
};

/** A clause of a policy: false where it can never be met, true where it always is, unless it fails. */
export const foldCondition = (clause: Clause): boolean | undefined => {
  const folded = foldExpression(clause.body);
  return folded === undefined || clause.kind === 'when' ? folded : !folded;
};
