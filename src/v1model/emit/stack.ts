/**
 * Header stacks. Moving an element moves where it stands in the packet and what was written of it;
 * bytes that nobody touched stay where they are until the deparser copies them.
 */
import type { Emitter } from './context.js';

/** Emits `push_front`: elements move towards the end, new ones are invalid. */
export function emitPush(emitter: Emitter, stack: number, count: number): string {
  const { elements } = emitter.program.stacks[stack]!;
  const size = elements.length;
  const name = emitter.define(`push_${stack}_${count}`, () => {
    const moves: string[] = [];
    for (let i = size - 1; i >= 0; i--) moves.push(emitShift(emitter, elements, i, i - count));
    const next = `I[${emitter.layout.nextSlot(stack)}]`;
    return `(p) {\n${moves.join('\n')}
      ${next} = Math.min(${size}, ${next} + ${count}); ${emitter.reshape()}\n}`;
  });
  return `${name}(p);`;
}

/** Emits `pop_front`: elements move towards the front, those at the end become invalid. */
export function emitPop(emitter: Emitter, stack: number, count: number): string {
  const { elements } = emitter.program.stacks[stack]!;
  const name = emitter.define(`pop_${stack}_${count}`, () => {
    const moves = elements.map((_, i) => emitShift(emitter, elements, i, i + count));
    const next = `I[${emitter.layout.nextSlot(stack)}]`;
    return `(p) {\n${moves.join('\n')}
      ${next} = Math.max(0, ${next} - ${count}); ${emitter.reshape()}\n}`;
  });
  return `${name}(p);`;
}

/** Element `to` becomes what element `from` is, or invalid when there is none. */
function emitShift(
  emitter: Emitter,
  elements: readonly number[][],
  to: number,
  from: number,
): string {
  const source = elements[from];
  const parts = elements[to]!.map((target, member) =>
    source ? emitMove(emitter, target, source[member]!) : emitClear(emitter, target),
  );
  return parts.join(' ');
}

function emitClear(emitter: Emitter, header: number): string {
  const { layout } = emitter;
  const { slot, parsedSlot, mask } = layout.validity(header);
  const dirty = layout.dirtySlot(header);
  const place = layout.varbit(header);
  const slots = [dirty, place?.length, place?.own].filter((s) => s !== undefined);
  const zeros = slots.map((s) => `I[${s}] = 0;`).join(' ');
  return `I[${slot}] &= ${~mask}; I[${parsedSlot}] &= ${~mask}; ${zeros}`;
}

function emitMove(emitter: Emitter, target: number, source: number): string {
  const { layout, program } = emitter;
  const [to, from] = [layout.validity(target), layout.validity(source)];
  const bit = (slotTo: number, slotFrom: number): string =>
    `I[${slotTo}] = (I[${slotFrom}] & ${from.mask}) !== 0 ` +
    `? I[${slotTo}] | ${to.mask} : I[${slotTo}] & ${~to.mask};`;
  const moves = [bit(to.slot, from.slot), bit(to.parsedSlot, from.parsedSlot)];
  const slot = (a: number, b: number): void => void moves.push(`I[${a}] = I[${b}];`);
  slot(layout.offsetSlot(target), layout.offsetSlot(source));
  const dirty = layout.dirtySlot(source);
  if (dirty !== undefined) slot(layout.dirtySlot(target)!, dirty);
  program.headers[source]!.fields.forEach((_, field) => {
    const stored = layout.storage({ header: source, field });
    const names = layout.storage({ header: target, field })?.names;
    stored?.names.forEach((name, i) => moves.push(`${names![i]} = ${name};`));
  });
  const [place, old] = [layout.varbit(target), layout.varbit(source)];
  if (place && old) {
    slot(place.length, old.length);
    if (place.own !== undefined && old.own !== undefined) {
      slot(place.own, old.own);
      const copy = `copyVarbit(V, ${place.at}, I[${old.length}], V, ${old.at}, 0)`;
      moves.push(`if (I[${old.own}] !== 0) ${copy};`);
    }
  }
  return moves.join(' ');
}
