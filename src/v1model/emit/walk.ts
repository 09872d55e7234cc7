/** Every part of an expression. */
import type { Expression } from '../../bmv2/index.js';

/** Calls `visit` with an expression and all that it is made of. */
export function walkExpression(
  expression: Expression,
  visit: (part: Expression) => void,
): void {
  visit(expression);
  switch (expression.kind) {
    case 'element':
    case 'element_valid':
      walkExpression(expression.index, visit);
      return;
    case 'operation':
      for (const operand of expression.operands) walkExpression(operand, visit);
      return;
    default:
  }
}
